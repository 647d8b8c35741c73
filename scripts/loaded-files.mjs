import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Returns the files that an import of `file` loads, relative to the working directory. They are taken from the coverage
 * that Node.js writes, which has every file, also those that are loaded later.
 */
export function loadedFiles(file) {
  const folder = mkdtempSync(join(tmpdir(), 'wirespeed-loaded-'));
  try {
    const source = `await import(${JSON.stringify(pathToFileURL(resolve(file)).href)})`;
    execFileSync(process.execPath, ['--input-type=module', '-e', source], {
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    const reports = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    return reports
      .flatMap((report) => JSON.parse(report).result)
      .filter((script) => script.url.startsWith('file:'))
      .map((script) => relative(process.cwd(), fileURLToPath(script.url)))
      .sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
