// When a server of these folders ends: on SIGTERM, on SIGINT, when its standard input (a pipe) ends, and when the process
// that started it is gone.
import { fstatSync } from 'node:fs';

export function endWithStarter() {
  const stop = () => process.exit(0);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started this server holds the other end of the pipe: when they are gone, however they went, so is the server.
  if (fstatSync(0).isFIFO() || fstatSync(0).isSocket()) process.stdin.on('end', stop).on('error', stop).resume();
  const parent = Number(process.env.STARTED_BY);
  setInterval(() => { if (process.ppid !== parent) stop(); }, 1000).unref();
}
