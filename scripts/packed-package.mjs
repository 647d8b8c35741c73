// Installs the package as users get it: packed, then unpacked where a program finds it by its name.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);

/**
 * Packs what has been built and installs it into a project. Returns its folder there and its files.
 *
 * @param {string} project
 * @returns {Promise<{ folder: string, files: string[] }>}
 */
export async function installPacked(project) {
  const folder = join(project, 'node_modules/wirespeed');
  await mkdir(folder, { recursive: true });
  // Without its scripts, so that it packs what has been built and builds nothing.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', project];
  const { stdout } = await run('npm', pack, { cwd: root });
  const [packed] = JSON.parse(stdout);
  const tarball = join(project, packed.filename);
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  return { folder, files: packed.files.map(({ path }) => path) };
}
