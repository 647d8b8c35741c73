import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPythonRecentEnough, pythonCandidates } from '../../setup/python-candidates.mjs';

test('takes the interpreter that is asked for, and no other', () => {
  assert.deepEqual(pythonCandidates({ PYTHON: '/opt/python' }, []), ['/opt/python']);
});

test('tries what is on PATH before pyenv, and of each the newest first', () => {
  const pyenv = ['3.9.18', '3.12.1', '3.13.0', '3.100.0', 'pypy3.11-7.3.20', '3.14.0rc1'].map(
    (version) => ({ version, path: `/pyenv/${version}` }),
  );
  const candidates = pythonCandidates({}, pyenv);
  assert.ok(candidates.indexOf('python3.13') < candidates.indexOf('python3.12'));
  assert.ok(candidates.indexOf('python3.12') < candidates.indexOf('python3'));
  assert.ok(!candidates.includes('python3.11'));
  assert.deepEqual(candidates.slice(-4), [
    'python',
    '/pyenv/3.100.0',
    '/pyenv/3.13.0',
    '/pyenv/3.12.1',
  ]);
});

test('compares versions as numbers', () => {
  assert.ok(isPythonRecentEnough('3.12.0'));
  assert.ok(isPythonRecentEnough('3.100.0'));
  assert.ok(isPythonRecentEnough('4.0.0'));
  assert.ok(!isPythonRecentEnough('3.11.15'));
  assert.ok(!isPythonRecentEnough('2.7.18'));
});
