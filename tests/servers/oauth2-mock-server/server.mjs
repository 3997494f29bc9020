// The npm package oauth2-mock-server on loopback. It checks no credentials and grants every scope as a JWT, so it is good
// for the shape of answers and for verifying tokens, and says nothing about client authentication.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { random, special } from '../client_secrets.mjs';
import { endWithStarter } from '../lifetime.mjs';

// The package is in a cache folder and this file is not, so a bare import would not find it.
const installed = createRequire(join(process.env.PACKAGES, 'package.json'));
const { OAuth2Server } = await import(pathToFileURL(installed.resolve('oauth2-mock-server')));
const { version } = JSON.parse(readFileSync(join(process.env.PACKAGES, 'node_modules/oauth2-mock-server/package.json')));

const clients = {
  plain: { client_id: 'm2m-plain', client_secret: random(24) },
  special: { client_id: 'm2m-special', client_secret: special() },
};

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(Number(process.env.PORT ?? 0), 'localhost');
const issuer = server.issuer.url;

// A request may ask for another answer, by the parameter `answer`: the package lets its user change both token and response.
const answers = {
  'no-expires-in': ({ body }) => { delete body.expires_in; },
  'expires-in-text': ({ body }) => { body.expires_in = String(body.expires_in); },
  'expires-in-fraction': ({ body }) => { body.expires_in += 0.75; },
  'expires-in-null': ({ body }) => { body.expires_in = null; },
  'no-token-type': ({ body }) => { delete body.token_type; },
  'token-type-lower-case': ({ body }) => { body.token_type = 'bearer'; },
  'token-type-mac': ({ body }) => { body.token_type = 'mac'; },
  'extra-members': ({ body }) => {
    Object.assign(body, { created_at: 1795186499, ext_expires_in: 7200, tenant: { id: 40499 } });
  },
  'refresh-token': ({ body }) => { body.refresh_token = 'refresh-token-of-the-mock'; },
  'error-in-200': ({ body }) => { body.error = 'invalid_client'; },
  'unavailable': (response) => { response.statusCode = 503; response.body = { message: 'Service Unavailable' }; },
};
const claims = {
  'expired': (payload) => { payload.exp = payload.iat - 3600; },
  'other-issuer': (payload) => { payload.iss = 'https://other.example.com'; },
  'unknown-key': (_payload, header) => { header.kid = 'nobody'; },
};
server.service.on('beforeResponse', (response, request) => answers[request.body.answer]?.(response));
server.service.on('beforeTokenSigning', ({ header, payload }, request) => {
  payload.aud = request.body.audience;
  claims[request.body.answer]?.(payload, header);
});

endWithStarter();
console.log(JSON.stringify({
  name: 'oauth2-mock-server',
  version,
  issuer,
  token_endpoint: `${issuer}/token`,
  scopes: ['webpremios.backoffice/all.read', 'read:appointments'],
  clients,
}));
