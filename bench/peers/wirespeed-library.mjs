/**
 * Finds the built library of this checkout by its public names. A workspace cannot import the root package by its name,
 * so the name is resolved from the root package itself.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const root = createRequire(new URL('../../package.json', import.meta.url));

/**
 * Whether a part of the library has been built.
 *
 * @param {string} name such as `wirespeed/sync`
 */
export function isBuilt(name) {
  try {
    root.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name such as `wirespeed/sync` */
export function importLibrary(name) {
  return import(pathToFileURL(root.resolve(name)).href);
}
