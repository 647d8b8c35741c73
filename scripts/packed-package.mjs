// Installs the package as users get it: packed, then unpacked where a program finds it by its name.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);

/** The package, packed once for a process: the bytes of its tarball, and its files. */
let packing;

async function pack() {
  const folder = await mkdtemp(join(tmpdir(), 'wirespeed-packed-'));
  try {
    // Without its scripts, so that it packs what has been built and builds nothing.
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const { stdout } = await run('npm', args, { cwd: root });
    const [{ filename, files }] = JSON.parse(stdout);
    return {
      tarball: await readFile(join(folder, filename)),
      files: files.map(({ path }) => path),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Packs what has been built and installs it into a project. Returns its folder there and its files.
 *
 * @param {string} project
 * @returns {Promise<{ folder: string, files: string[] }>}
 */
export async function installPacked(project) {
  const folder = join(project, 'node_modules/wirespeed');
  await mkdir(folder, { recursive: true });
  packing ??= pack();
  const { tarball, files } = await packing;
  const unpacking = run('tar', ['-xz', '-C', folder, '--strip-components=1']);
  unpacking.child.stdin.end(tarball);
  await unpacking;
  return { folder, files };
}
