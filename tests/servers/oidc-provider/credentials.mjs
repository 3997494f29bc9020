// Keys and certificates of one run, in a folder that is gone when the run is over. Nothing here is worth protecting for
// longer, and nothing is ever committed. Keys come from Node.js, certificates from the openssl command, which Node.js lacks.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const folder = mkdtempSync(join(tmpdir(), 'm2m-oidc-provider-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const path = (name) => join(folder, name);
export const read = (name) => readFileSync(path(name));
const write = (name, text) => {
  writeFileSync(path(name), text, { mode: 0o600 });
  return path(name);
};

// One key in every form in which people keep keys: as its kind is registered, and a stranger's.
const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: generateKeyPairSync('ed25519'),
};
const forms = { rsa: ['pkcs8', 'pkcs1'], p256: ['pkcs8', 'sec1'], p384: ['pkcs8', 'sec1'], ed25519: ['pkcs8'] };
export const publicKeys = Object.entries(pairs).map(([name, pair]) => ({ ...pair.publicKey.export({ format: 'jwk' }), use: 'sig', kid: name }));
export const keys = {};
for (const [name, { privateKey }] of Object.entries(pairs)) {
  keys[name] = { jwk: write(`${name}.jwk`, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: name }, null, 2)) };
  for (const type of forms[name]) keys[name][type] = write(`${name}-${type}.pem`, privateKey.export({ format: 'pem', type }));
}
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
keys.stranger = { pkcs8: write('stranger.pem', stranger.export({ format: 'pem', type: 'pkcs8' })) };

function openssl(...args) {
  const { status, error, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`openssl ${args[0]}: ${error?.message ?? stderr}`);
}
const newKey = (name) => write(`${name}.key`, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }));

function selfSigned(name, subject, extension) {
  newKey(name);
  openssl('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${subject}`, '-days', '2', '-addext', extension, '-out', `${name}.pem`);
}
function certified(name, subject, alternative, authority) {
  newKey(name);
  openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${subject}`, '-out', `${name}.csr`);
  write(`${name}.ext`, `subjectAltName=${alternative}\n`);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial',
    '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
}
selfSigned('ca', 'Authority of the tests', 'keyUsage=critical,keyCertSign');
selfSigned('other-ca', 'Another authority', 'keyUsage=critical,keyCertSign');
certified('server', 'localhost', 'DNS:localhost', 'ca');
certified('client', 'm2m-tls', 'DNS:client.example.com', 'ca');
certified('sibling', 'm2m-other', 'DNS:other.example.com', 'ca');
certified('foreign', 'm2m-tls', 'DNS:client.example.com', 'other-ca');
selfSigned('self-signed', 'm2m-self-signed', 'keyUsage=digitalSignature');
write('combined.pem', Buffer.concat([read('client.pem'), read('client.key')]));

export const certificates = {
  ca: path('ca.pem'),
  combined: path('combined.pem'),
  ...Object.fromEntries(['client', 'foreign', 'self-signed', 'sibling'].map((name) => [
    name.replace('-', '_'), { cert: path(`${name}.pem`), key: path(`${name}.key`) },
  ])),
};

const { publicKey, raw } = new X509Certificate(read('self-signed.pem'));
export const selfSignedKey = { ...publicKey.export({ format: 'jwk' }), use: 'sig', x5c: [raw.toString('base64')] };
