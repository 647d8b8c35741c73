// Fetches packages from npm that are too heavy, or too many, for devDependencies. They are fetched when they are needed,
// into a folder that git ignores.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), '.fetched');
/** Milliseconds after which a registry counts as out of reach. */
const MAX_INSTALL_TIME = 120_000;
const NPM = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];

/**
 * Returns the folder whose `node_modules` has the packages, such as `typescript@5.2.2`. The first call fetches them.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string>}
 * @throws if the registry cannot be reached
 */
export async function fetchPackages(packages) {
  const folder = join(FOLDER, packages.join('+').replaceAll('/', '-'));
  if (existsSync(folder)) return folder;
  await mkdir(FOLDER, { recursive: true });
  // Fetched into another folder first, so that an interrupted fetch is not taken for a complete one.
  const unfinished = await mkdtemp(join(FOLDER, 'unfinished-'));
  try {
    // With a package.json of its own: without one npm would install into the project around it.
    await writeFile(join(unfinished, 'package.json'), '{ "private": true }\n');
    const options = {
      cwd: unfinished,
      timeout: MAX_INSTALL_TIME,
      shell: process.platform === 'win32',
    };
    await promisify(execFile)('npm', [...NPM, ...packages], options);
    await rename(unfinished, folder);
  } catch (error) {
    // Another process may have fetched them meanwhile.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
