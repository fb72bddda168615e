import assert from 'node:assert/strict';
import { type Zippable, zipSync } from 'fflate';
import { describe, it } from 'mocha';
import { codeOf, read } from '../../testing/read-fixture.ts';

const text = (value: string) => new TextEncoder().encode(value);
const music =
  '<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1"><measure number="1"><note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note></measure></part></score-partwise>';
const container = (path: string) =>
  text(
    `<?xml version="1.0"?><container><rootfiles><rootfile full-path="cover.pdf" media-type="application/pdf"/><rootfile full-path="${path}"/></rootfiles></container>`,
  );

function archive(files: Zippable): Uint8Array {
  return zipSync(files);
}

describe('compressed MusicXML', () => {
  const files = { 'META-INF/container.xml': container('a/score.xml'), 'a/score.xml': text(music) };

  it('reads the score that the container names, deflated or stored', async () => {
    const plain = await read(music);
    assert.deepEqual(await read(archive(files)), plain);
    const { 'META-INF/container.xml': first, 'a/score.xml': second } = files;
    const stored: Zippable = { 'a/score.xml': [second, { level: 0 }], 'META-INF/container.xml': [first, { level: 0 }] };
    assert.deepEqual(await read(archive(stored), {}, 11), plain);
  });

  it('accepts a byte order mark and an archive comment', async () => {
    const marked = archive({
      ...files,
      'META-INF/container.xml': text(`\uFEFF${new TextDecoder().decode(container('a/score.xml'))}`),
    });
    const commented = Buffer.concat([marked, text('a comment')]);
    commented.writeUInt16LE(9, marked.length - 2);
    assert.equal((await read(commented)).notes.count, 1);
  });

  const utf16 = (value: string) => Buffer.from(`\uFEFF${value}`, 'utf16le');
  const named = new TextDecoder().decode(container('a/score.xml')).replace('<?xml version="1.0"?>', '');
  const alone: [string, Zippable][] = [
    ['without a container', { 'score.xml': text(music) }],
    [
      'in a folder, with macOS files',
      {
        'Song/score.musicxml': text(music),
        '__MACOSX/Song/._score.musicxml': text('\u0000\u0005\u0016\u0007'),
        'Song/.DS_Store': text('Bud1'),
        'Song/cover.pdf': text('%PDF'),
      },
    ],
    ['beside an XML file that is not a score', { 'score.xml': text(music), 'info.xml': text('<info/>') }],
    ['under a name without an extension', { score: text(music), 'read me': text('a song') }],
    ['in UTF-16', { 'score.xml': utf16(music) }],
    ['with a container in UTF-16', { ...files, 'META-INF/container.xml': utf16(named) }],
    ['with a container that names nothing', { ...files, 'META-INF/container.xml': text('<container/>') }],
    ['with a container that is not XML', { ...files, 'META-INF/container.xml': text('<a><b></a>') }],
    ['with an empty container', { ...files, 'META-INF/container.xml': text('') }],
    ['with a huge container', { ...files, 'META-INF/container.xml': new Uint8Array(1e6) }],
    [
      'with a container that names a picture',
      { ...files, 'cover.svg': text('<svg/>'), 'META-INF/container.xml': container('cover.svg') },
    ],
    [
      'with a container that names a missing file',
      { ...files, 'META-INF/container.xml': container('../../etc/passwd') },
    ],
    [
      'with a container that declares plain XML',
      {
        ...files,
        'b.xml': text(music.replace('>C<', '>D<')),
        'META-INF/container.xml': text(named.replace('"a/score.xml"', '"a/score.xml" media-type="text/xml"')),
      },
    ],
    ...[
      ['META-INF\\container.xml', 'a\\score.xml'],
      ['meta-inf/Container.xml', 'a/score.xml'],
      ['./META-INF/container.xml', '/a/score.xml'],
    ].map(([listed = '', score = '']): [string, Zippable] => [
      `with a container listed as ${listed}, beside another`,
      { [listed]: container('a/score.xml'), [score]: text(music), 'b.xml': text(music.replace('>C<', '>D<')) },
    ]),
    ...['a\\score.xml', './a/score.xml', '/a/score.xml', 'a/%73core.xml', 'A/Score.XML'].map(
      (path): [string, Zippable] => [
        `with a container that names it ${path}, beside another`,
        { ...files, 'b.xml': text(music.replace('>C<', '>D<')), 'META-INF/container.xml': container(path) },
      ],
    ),
  ];
  for (const [name, content] of alone) {
    it(`reads the only score ${name}`, async () => assert.deepEqual(await read(archive(content)), await read(music)));
  }

  const other = text(music.replace('>C<', '>D<'));
  const root = (path: string, type = '') => `<rootfile full-path="${path}"${type && ` media-type="${type}"`}/>`;
  const first: [name: string, roots: string][] = [
    ['two scores', root('a/score.xml') + root('b.xml')],
    ['a missing file before it', root('missing.xml') + root('a/score.xml')],
    ['a PDF file without a type before it', root('cover.pdf') + root('a/score.xml')],
    ['a picture that is XML before it', root('cover.svg', 'image/svg+xml') + root('a/score.xml')],
    ['a score of another type before it', root('b.xml', 'text/plain') + root('a/score.xml')],
    ['a type in capitals', root('a/score.xml', 'Application/VND.Recordare.MusicXML')],
    ['an unknown type', root('a/score.xml', 'text/plain')],
  ];
  for (const [name, roots] of first) {
    it(`reads the first score of a container with ${name}`, async () => {
      const content = {
        ...files,
        'b.xml': other,
        'cover.pdf': text('%PDF'),
        'cover.svg': text('<svg/>'),
        'META-INF/container.xml': text(`<container><rootfiles>${roots}</rootfiles></container>`),
      };
      assert.deepEqual(await read(archive(content)), await read(music));
    });
  }

  it('reads the only score beside a container that is encrypted or has a wrong checksum', async () => {
    const bytes = Buffer.from(archive(files));
    const entry = bytes.lastIndexOf('META-INF/container.xml') - 46;
    for (const field of [8, 16]) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt16LE(1, entry + field);
      assert.deepEqual(await read(damaged), await read(music));
    }
  });

  it('ignores the signature of a directory in an archive comment', async () => {
    const comment = Buffer.alloc(40, 'PK\u0005\u0006');
    const commented = Buffer.concat([archive(files), comment]);
    commented.writeUInt16LE(comment.length, commented.length - comment.length - 2);
    assert.deepEqual(await read(commented), await read(music));
  });

  it('reads a single MIDI file in an archive', async () => {
    const midi = Buffer.from('4d546864000000060000000100604d54726b0000000c00903c4060803c4000ff2f00', 'hex');
    assert.deepEqual(await read(archive({ 'song.mid': midi })), await read(midi));
  });

  it('stops a ZIP bomb at the size limit', async () => {
    const bomb = archive({ ...files, 'a/score.xml': [text(`${music}${' '.repeat(50e6)}`), { level: 9 }] });
    assert.ok(bomb.length < 100_000);
    const before = process.memoryUsage().rss;
    assert.equal(await codeOf(read(bomb, { maxBytes: 1e6 })), '413 SCORE_TOO_LARGE');
    assert.ok(process.memoryUsage().rss - before < 40e6);
  });

  it('stops a ZIP bomb with a false size in its directory', async () => {
    const bomb = Buffer.from(archive({ ...files, 'a/score.xml': [text(`${music}${' '.repeat(5e6)}`), { level: 9 }] }));
    const entry = bomb.lastIndexOf('a/score.xml') - 46;
    bomb.writeUInt32LE(music.length, entry + 24);
    assert.equal(await codeOf(read(bomb, { maxBytes: 1e6 })), '413 SCORE_TOO_LARGE');
  });

  const good = Buffer.from(archive(files));
  const changed = (change: (bytes: Buffer) => void) => {
    const copy = Buffer.from(good);
    change(copy);
    return copy;
  };
  const directory = good.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  const scoreEntry = good.lastIndexOf('a/score.xml') - 46;
  const refused: [string, string, Uint8Array][] = [
    ['no score', '422 MALFORMED_SCORE', archive({ 'META-INF/container.xml': text('<container/>') })],
    ['files that are not scores', '422 MALFORMED_SCORE', archive({ 'a.xml': text('<svg/>'), 'b.txt': text('C4') })],
    ['an archive in an archive', '422 MALFORMED_SCORE', archive({ 'a.mxl': archive(files) })],
    [
      'two scores without a container',
      '422 MALFORMED_SCORE',
      archive({ 'a.xml': text(music), 'b.musicxml': text(music) }),
    ],
    [
      'a container that names a missing file beside two others',
      '422 MALFORMED_SCORE',
      archive({ ...files, 'b.xml': text(music), 'META-INF/container.xml': container('../../etc/passwd') }),
    ],
    [
      'a bomb without a container',
      '413 SCORE_TOO_LARGE',
      archive({ 'a.xml': [text(`${music}${' '.repeat(70e6)}`), { level: 9 }] }),
    ],
    ['a named file that is not a score', '422 MALFORMED_SCORE', archive({ ...files, 'a/score.xml': text('<svg/>') })],
    [
      'too many files',
      '413 SCORE_TOO_LARGE',
      archive(Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`f${i}`, text('')]))),
    ],
    ['a truncated archive', '422 MALFORMED_SCORE', good.subarray(0, -30)],
    ['a lone signature', '422 MALFORMED_SCORE', text('PK\u0003\u0004')],
    ['a damaged directory', '422 MALFORMED_SCORE', changed((bytes) => bytes.writeUInt8(0, directory))],
    ['an offset outside', '422 MALFORMED_SCORE', changed((bytes) => bytes.writeUInt32LE(0xfffffff0, scoreEntry + 42))],
    ['a wrong checksum', '422 MALFORMED_SCORE', changed((bytes) => bytes.writeUInt32LE(1, scoreEntry + 16))],
    ['an unknown method', '415 UNSUPPORTED_FORMAT', changed((bytes) => bytes.writeUInt16LE(99, scoreEntry + 10))],
    ['an encrypted score', '415 UNSUPPORTED_FORMAT', changed((bytes) => bytes.writeUInt16LE(1, scoreEntry + 8))],
    [
      'more compressed bytes than there are',
      '422 MALFORMED_SCORE',
      changed((bytes) => bytes.writeUInt32LE(1e9, scoreEntry + 20)),
    ],
  ];
  for (const [name, expected, bytes] of refused) {
    it(`refuses ${name}: ${expected}`, async () => assert.equal(await codeOf(read(bytes)), expected));
  }
});
