-- Runs once, when the database is created: the exporter's role, which may read statistics but no
-- scores.
CREATE ROLE monitoring LOGIN PASSWORD 'monitoring' CONNECTION LIMIT 5 IN ROLE pg_monitor;
ALTER ROLE monitoring SET statement_timeout = '3s';
