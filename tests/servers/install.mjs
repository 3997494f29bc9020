// Installs what the package-lock.json of a folder names into the cache of the test servers, and prints where it is.
// Exit 69, with the reason in the last line of stderr: this machine cannot have it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

const folder = process.argv[2];
const name = basename(folder);
const unavailable = (reason) => {
  console.error(`${name}: ${reason}`);
  process.exit(69);
};

const [, major, minor] = /^>=(\d+)(?:\.(\d+))?$/.exec(JSON.parse(readFileSync(join(folder, 'package.json'))).engines.node);
const [ours, oursMinor] = process.versions.node.split('.').map(Number);
if (ours < Number(major) || (ours === Number(major) && oursMinor < Number(minor ?? 0))) {
  unavailable(`Node.js ${major}.${minor ?? 0} or newer is needed, this is ${process.version}`);
}

const cache = process.env.M2M_SERVERS_DIR || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'm2m-servers');
const lock = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json'))).digest('hex');
const packages = join(cache, `${name}-${lock.slice(0, 12)}`);

// Installed beside its place and then renamed, so that it is there whole or not at all, whoever else is installing.
if (!existsSync(packages)) {
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'installing.'));
  process.on('exit', () => rmSync(fresh, { recursive: true, force: true }));
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(folder, file), join(fresh, file));
  const { status, error } = spawnSync('npm', [
    'ci', '--prefix', fresh, '--cache', join(cache, 'npm'), '--ignore-scripts', '--fetch-retries', '1',
    '--no-audit', '--no-fund', '--no-update-notifier',
  ], { stdio: ['ignore', 2, 2], timeout: 240_000, killSignal: 'SIGKILL' });
  if (error?.code === 'ENOENT') unavailable('npm is not installed');
  if (error || status !== 0) unavailable(`its packages could not be installed${error ? ` (${error.message})` : ''}`);
  try {
    renameSync(fresh, packages);
  } catch (failure) {
    if (!existsSync(packages)) throw failure;
  }
}
console.log(packages);
