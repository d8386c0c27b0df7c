// Auth and Storage of a local project: Supabase's own lightweight server on the project's PostgreSQL.
// It listens on the loopback interface only, behind the gateway, which is what clients speak to.
import { randomUUID, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";

const settings = JSON.parse(await readFile(process.env.LITE_SETTINGS, "utf8"));
// Modules are resolved from the project, wherever this file was written to.
const require = createRequire(join(settings.root, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const lite = pathToFileURL(join(settings.root, "node_modules/@supabase/lite/dist/")).href;
const { App } = await import(`${lite}index.js`);
const { createPostgresConnection } = await import(`${lite}db/postgres/PostgresConnection.js`);
const { serve } = await load("@hono/node-server");

/** Objects as files: the bytes under `<bucket>/<hash of the name>`, what is known of them beside. */
class FileAdapter {
  constructor(base) {
    this.base = resolve(base);
  }

  #path(bucket, name) {
    const path = resolve(this.base, bucket, createHash("sha256").update(name).digest("hex"));
    if (!path.startsWith(this.base + sep)) throw new Error("bucket outside the storage folder");
    return path;
  }

  async uploadObject(bucket, name, _version, body, mimetype, cacheControl) {
    const path = this.#path(bucket, name);
    await mkdir(dirname(path), { recursive: true });
    const hash = createHash("md5");
    const chunks = [];
    const source = body instanceof Uint8Array ? [body] : Readable.fromWeb(body);
    for await (const chunk of source) {
      hash.update(chunk);
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    const metadata = {
      eTag: `"${hash.digest("hex")}"`,
      size: bytes.length,
      mimetype,
      cacheControl,
      lastModified: new Date().toISOString(),
      contentLength: bytes.length,
    };
    // Written beside and renamed, so that nobody reads half an object.
    const partial = `${path}.${randomUUID()}`;
    await writeFile(partial, bytes);
    await rename(partial, path);
    await writeFile(`${path}.json`, JSON.stringify(metadata));
    return metadata;
  }

  async headObject(bucket, name) {
    const path = this.#path(bucket, name);
    await stat(path);
    const known = JSON.parse(await readFile(`${path}.json`, "utf8"));
    return { httpStatusCode: 200, ...known, lastModified: new Date(known.lastModified) };
  }

  async getObject(bucket, name) {
    const metadata = await this.headObject(bucket, name);
    return { metadata, httpStatusCode: 200, body: Readable.toWeb(createReadStream(this.#path(bucket, name))) };
  }

  async deleteObject(bucket, name) {
    const path = this.#path(bucket, name);
    await rm(path, { force: true });
    await rm(`${path}.json`, { force: true });
  }

  async deleteObjects(bucket, names) {
    await Promise.all(names.map((name) => this.deleteObject(bucket, name)));
  }

  async copyObject(bucket, name, _version, toBucket, toName) {
    const [from, to] = [this.#path(bucket, name), this.#path(toBucket, toName)];
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
    await copyFile(`${from}.json`, `${to}.json`);
    return this.headObject(toBucket, toName);
  }

  async privateAssetUrl(bucket, name) {
    return pathToFileURL(this.#path(bucket, name)).href;
  }
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const connection = createPostgresConnection({
  url: settings.databaseUrl,
  postgresOptions: {
    max: 5,
    onnotice: () => {},
    // Without this a JSON column holds a JSON string, and triggers on auth.users read nothing from it.
    types: {
      json: { to: 114, from: [114], serialize: text, parse: JSON.parse },
      jsonb: { to: 3802, from: [3802], serialize: text, parse: JSON.parse },
    },
  },
});
// On its first use of row-level security the server would grant every role everything on every
// schema. It skips that when it believes it has been done.
connection.rlsState = "active";
const app = new App({
  connection,
  auth: {
    enabled: true,
    jwt_secret: settings.jwtSecret,
    jwt_expiry: settings.jwtExpiry,
    site_url: settings.siteUrl,
    publishable_key: settings.publishableKey,
    secret_key: settings.secretKey,
    email: { enable_signup: true, enable_confirmations: false },
  },
  storage: { enabled: true, file_size_limit: "50MiB" },
  options: { server: { admin: false } },
});
app._storageAdapter = new FileAdapter(settings.storageFolder);
await app.init();
if (settings.makeTables) await app.ensureSystemSchema();
const server = serve(
  {
    port: settings.port,
    hostname: "127.0.0.1",
    fetch: (request, env) => app.fetch(request, { peerAddress: env.incoming.socket.remoteAddress ?? null }),
  },
  () => console.log(`ready on ${settings.port}`),
);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server.closeAllConnections?.();
    server.close();
    connection.close().finally(() => process.exit(0));
  });
}
