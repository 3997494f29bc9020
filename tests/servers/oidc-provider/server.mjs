// The npm package oidc-provider (a certified OpenID Provider) on loopback, with clients for the client-credentials grant.
// Owns the clients and the one line that describes them; run.sh owns the installation. Client secrets are made here,
// at every start, and leave this process in that line only.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fstatSync } from 'node:fs';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The package is in a cache folder and this file is not, so a bare import would not find it.
const installed = createRequire(join(process.env.OIDC_PROVIDER_DIR, 'package.json'));
const { Provider } = await import(pathToFileURL(installed.resolve('oidc-provider')));

const scopes = ['webpremios.backoffice/all.read', 'read:appointments'];

const random = (bytes) => randomBytes(bytes).toString('hex');

// Every printable ASCII character that is neither letter nor digit, in an order that gives each kind of `%`: one that no
// escape can follow, and escapes that a needless decoding would change. No space at an edge: that would be another question.
const special = () => `${random(8)} !"#$&'()*+,-./:;<=>?@[\\]^_\`{|}%~%41%2F${random(8)}`;

const mayUseTheGrant = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: scopes.join(' ') };
const clients = {
  special: { ...mayUseTheGrant, client_id: 'm2m-special', client_secret: special(), token_endpoint_auth_method: 'client_secret_basic' },
  post: { ...mayUseTheGrant, client_id: 'm2m-post', client_secret: special(), token_endpoint_auth_method: 'client_secret_post' },
  plain: { ...mayUseTheGrant, client_id: 'm2m-plain', client_secret: random(24), token_endpoint_auth_method: 'client_secret_basic' },
  no_grant: {
    client_id: 'm2m-no-grant', client_secret: random(24), token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['https://app.example.com/callback'],
  },
};

// Port 0 is any free one. The issuer names it, so the provider is made after the socket.
const server = createServer();
await new Promise((listening, failed) => server.once('error', failed).listen(Number(process.env.PORT ?? 0), '127.0.0.1', listening));
const issuer = `http://localhost:${server.address().port}`;
const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  clients: Object.values(clients),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
  cookies: { keys: [random(32)] },
  jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256', kid: 'test' }] },
  scopes,
  ttl: { ClientCredentials: 600 },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
server.on('request', provider.callback());

const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// Whoever started this server holds the other end of the pipe: when they are gone, however they went, so is the server.
if (fstatSync(0).isFIFO() || fstatSync(0).isSocket()) process.stdin.on('end', stop).on('error', stop).resume();
const parent = Number(process.env.STARTED_BY);
setInterval(() => { if (process.ppid !== parent) stop(); }, 1000).unref();

console.log(JSON.stringify({
  issuer,
  token_endpoint: `${issuer}/token`,
  scopes,
  clients: Object.fromEntries(Object.entries(clients).map(([name, client]) => [
    name, { client_id: client.client_id, client_secret: client.client_secret, auth_method: client.token_endpoint_auth_method },
  ])),
}));
