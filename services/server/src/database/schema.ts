/**
 * The database schema, created at startup under an advisory lock so that two servers cannot race.
 *
 * A write is staged, then published. Staging inserts the chunks of a new content, each in its own
 * short transaction, so that no connection is occupied while bytes arrive. Publishing is one call
 * of publish_score: one transaction and one round trip, so there is only one point at which a
 * response can be lost. Retention removes contents that were never published or have been replaced.
 */

/** The advisory lock key; any number that nothing else uses. */
export const schemaLock = 0x656e_636f;

/** Idempotent, and applicable to a schema that an older version created. */
export const schemaStatements = `
create table if not exists score_contents (
  content_id bigint generated always as identity primary key,
  -- null while a score references it
  unused_since timestamptz default now()
);
create index if not exists score_contents_unused on score_contents (unused_since) where unused_since is not null;

create table if not exists score_chunks (
  content_id bigint not null references score_contents on delete cascade,
  seq integer not null,
  data bytea not null,
  primary key (content_id, seq)
);

create table if not exists scores (
  id text collate "C" primary key,
  version integer not null,
  content_id bigint not null references score_contents,
  bytes bigint not null,
  sha256 text not null,
  format text not null,
  updated_at timestamptz not null default now()
);
create index if not exists scores_updated on scores (updated_at);
create index if not exists scores_content on scores (content_id);

create table if not exists idempotency_keys (
  key text primary key,
  score_id text not null,
  version integer not null,
  bytes bigint not null,
  sha256 text not null,
  format text not null,
  created_at timestamptz not null default now()
);
-- What was requested, if the server computed the bytes and may compute others the next time; null for an upload.
alter table idempotency_keys add column if not exists request text;
create index if not exists idempotency_keys_created on idempotency_keys (created_at);

drop function if exists publish_score(text, integer, text, bigint, bigint, text, text);
create or replace function publish_score(
  p_id text, p_expected integer, p_key text, p_content bigint, p_bytes bigint, p_sha256 text, p_format text, p_request text
) returns table (outcome text, version integer, bytes bigint, sha256 text, format text)
language plpgsql as $$
#variable_conflict use_column
declare
  claimed idempotency_keys;
  current scores;
  next_version integer;
begin
  if p_key is not null then
    -- Waits for a concurrent transaction with the same key; then the key is either ours or committed.
    insert into idempotency_keys (key, score_id, version, bytes, sha256, format, request)
      values (p_key, p_id, 0, p_bytes, p_sha256, p_format, p_request) on conflict (key) do nothing;
    if not found then
      select * into claimed from idempotency_keys k where k.key = p_key;
      if claimed.score_id = p_id and claimed.request is not distinct from p_request
        and (p_request is not null or claimed.sha256 = p_sha256) then
        return query select 'replayed', claimed.version, claimed.bytes, claimed.sha256, claimed.format;
      else
        return query select 'key_mismatch', claimed.version, claimed.bytes, claimed.sha256, claimed.format;
      end if;
      return;
    end if;
  end if;
  if p_expected is null then
    insert into scores (id, version, content_id, bytes, sha256, format)
      values (p_id, 1, p_content, p_bytes, p_sha256, p_format) on conflict (id) do nothing;
    next_version := 1;
  else
    select * into current from scores s where s.id = p_id for update;
    update scores s set version = s.version + 1, content_id = p_content, bytes = p_bytes, sha256 = p_sha256,
      format = p_format, updated_at = now() where s.id = p_id and s.version = p_expected;
    next_version := p_expected + 1;
  end if;
  if not found then
    delete from idempotency_keys k where k.key = p_key;
    return query select case when p_expected is null then 'exists' else 'version_mismatch' end,
      coalesce(current.version, 0), 0::bigint, '', '';
    return;
  end if;
  update score_contents c set unused_since = now() where c.content_id = current.content_id;
  update score_contents c set unused_since = null where c.content_id = p_content;
  update idempotency_keys k set version = next_version where k.key = p_key;
  return query select 'written', next_version, p_bytes, p_sha256, p_format;
end $$;
`;
