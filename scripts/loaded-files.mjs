import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Returns which files an import of `file` loads, relative to the working directory. Node.js is
 * asked, through what its coverage has seen: nothing it does by itself or later stays hidden.
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
