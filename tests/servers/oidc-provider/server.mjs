// The npm package oidc-provider (a certified OpenID Provider) on loopback, with clients for the client-credentials grant.
// Owns the clients and the one line that describes them; run.sh owns the installation. Client secrets are made here,
// at every start, and leave this process in that line only; keys and certificates are in a folder of credentials.mjs.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { random, special } from '../client_secrets.mjs';
import { endWithStarter } from '../lifetime.mjs';
import { certificates, folder, keys, publicKeys, read, selfSignedKey } from './credentials.mjs';

// The package is in a cache folder and this file is not, so a bare import would not find it.
const installed = createRequire(join(process.env.PACKAGES, 'package.json'));
const { Provider, errors } = await import(pathToFileURL(installed.resolve('oidc-provider')));

// The API whose tokens are JWTs; without `resource` tokens are opaque.
const resource = 'https://api.example.com/';
const scopes = ['webpremios.backoffice/all.read', 'read:appointments'];

const mayUseTheGrant = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: scopes.join(' ') };
const clients = {
  special: { ...mayUseTheGrant, client_id: 'm2m-special', client_secret: special(), token_endpoint_auth_method: 'client_secret_basic' },
  post: { ...mayUseTheGrant, client_id: 'm2m-post', client_secret: special(), token_endpoint_auth_method: 'client_secret_post' },
  plain: { ...mayUseTheGrant, client_id: 'm2m-plain', client_secret: random(24), token_endpoint_auth_method: 'client_secret_basic' },
  secret_jwt: { ...mayUseTheGrant, client_id: 'm2m-secret-jwt', client_secret: random(32), token_endpoint_auth_method: 'client_secret_jwt' },
  key: { ...mayUseTheGrant, client_id: 'm2m-key', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: publicKeys } },
  tls: {
    ...mayUseTheGrant, client_id: 'm2m-tls', token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'client.example.com', tls_client_certificate_bound_access_tokens: true,
  },
  self_signed: {
    ...mayUseTheGrant, client_id: 'm2m-self-signed', token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [selfSignedKey] }, tls_client_certificate_bound_access_tokens: true,
  },
  no_grant: {
    client_id: 'm2m-no-grant', client_secret: random(24), token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['https://app.example.com/callback'],
  },
};

// Port 0 is any free one. The issuer names it, so the provider is made after the socket.
const listen = (server, port) =>
  new Promise((listening, failed) => server.once('error', failed).listen(port, '127.0.0.1', listening));
const server = createServer();
await listen(server, Number(process.env.PORT ?? 0));
// Mutual TLS has a socket of its own, as behind most load balancers: only there are clients asked for a certificate.
// A certificate of an authority that is not known is let through, since a self-signed one may be registered.
const secure = createSecureServer({
  key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem'), requestCert: true, rejectUnauthorized: false,
});
await listen(secure, 0);
const mutualTls = `https://localhost:${secure.address().port}`;
const shown = (context) => context.req.socket.getPeerX509Certificate?.();
const issuer = `http://localhost:${server.address().port}`;
const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  clients: Object.values(clients),
  clientAuthMethods: [
    'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
  ],
  discovery: { mtls_endpoint_aliases: { token_endpoint: `${mutualTls}/token` } },
  enabledJWA: {
    clientAuthSigningAlgValues: [
      'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA',
    ],
  },
  cookies: { keys: [random(32)] },
  jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256', kid: 'test' }] },
  scopes,
  ttl: { ClientCredentials: 600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      getCertificate: shown,
      certificateAuthorized: (context) => context.req.socket.authorized === true,
      certificateSubjectMatches: (context, property, expected) =>
        property === 'tls_client_auth_san_dns' && shown(context).subjectAltName?.split(', ').includes(`DNS:${expected}`),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_context, indicator) => {
        if (indicator !== resource) throw new errors.InvalidTarget();
        return { scope: scopes.join(' '), audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
});
for (const listener of [server, secure]) listener.on('request', provider.callback());

endWithStarter();
console.log(JSON.stringify({
  name: 'oidc-provider',
  version: installed('oidc-provider/package.json').version,
  issuer,
  token_endpoint: `${issuer}/token`,
  mtls_token_endpoint: `${mutualTls}/token`,
  scopes,
  resource,
  folder,
  keys,
  certificates,
  clients: Object.fromEntries(Object.entries(clients).map(([name, client]) => [
    name, { client_id: client.client_id, client_secret: client.client_secret, auth_method: client.token_endpoint_auth_method },
  ])),
}));
