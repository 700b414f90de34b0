// The server over HTTP (docs/sessions.md): the version of a document is its ETag, If-Match says from which one a change was made.
import type { JsonObject } from "./json.js";
import type { Patch } from "./patch.js";
import type { Created, Current, Failure, Loaded, Saved, Transport } from "./transport.js";

export interface HttpOptions {
  /** "https://berth.example:7300"; "" is where the page came from. */
  readonly base: string;
  /** What signs in: { Authorization: "Bearer …" }. Asked for each request. */
  readonly headers?: () => Record<string, string>;
  /** Of a request, from its beginning to its whole answer. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

/** One request: its answer, whatever its status, or why there was none. */
export class Http {
  constructor(private readonly options: HttpOptions) {}

  async ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response | Failure> {
    const send = this.options.fetch ?? globalThis.fetch;
    try {
      return await send(this.options.base + path, {
        method,
        headers: { ...this.options.headers?.(), ...headers },
        signal: AbortSignal.timeout(this.options.timeoutMs ?? 30_000),
        ...(body === undefined ? {} : { body }),
      });
    } catch {
      return { kind: "unreachable" };
    }
  }

  /** The answer as a value; `take` is for a success. An answer that broke off is none. */
  async value<T>(asked: Promise<Response | Failure>, take: (body: unknown, answer: Response) => T): Promise<T | Failure> {
    const answer = await asked;
    if ("kind" in answer) return answer;
    try {
      return answer.ok ? take(await answer.json(), answer) : failure(answer.status, answer, (await answer.json()) as Problem);
    } catch {
      return answer.ok ? { kind: "unreachable" } : failure(answer.status, answer, {});
    }
  }
}

export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly facts?: Record<string, string>;
}

/** A defect of the server and a full disk promise better times, too: what was asked may have been carried out. */
function failure(status: number, answer: Response, problem: Problem): Failure & { readonly problem?: Problem } {
  if (status === 401) return { kind: "signed_out" };
  const passing = status === 408 || status === 429 || (status >= 500 && status !== 501 && problem.code !== "record_damaged");
  if (passing) {
    const seconds = Number(answer.headers.get("Retry-After") ?? Number.NaN);
    return Number.isFinite(seconds) ? { kind: "unreachable", retryAfterMs: seconds * 1000 } : { kind: "unreachable" };
  }
  return { kind: "refused", code: problem.code ?? `status_${status}`, detail: problem.detail ?? "", problem };
}

function version(answer: Response): number {
  const found = /^"(\d+)"$/.exec(answer.headers.get("ETag") ?? "");
  if (found === null) throw new Error("an answer without a version");
  return Number(found[1]);
}

function current(facts: Record<string, string>): Current {
  return {
    version: Number(facts.version),
    ...(facts.updated_ns === undefined ? {} : { changedAt: new Date(Number(BigInt(facts.updated_ns) / 1_000_000n)).toISOString() }),
    ...(facts.changed_by ? { who: facts.changed_by } : {}),
    ...(facts.client ? { client: facts.client } : {}),
  };
}

const longestTitle = 50;

export class HttpTransport implements Transport {
  private readonly http: Http;
  /** `client`: what others are told who made a version: "Ada's laptop, tab 3". */
  constructor(options: HttpOptions, private readonly client: string) {
    this.http = new Http(options);
  }

  load(session: string): Promise<Loaded> {
    return this.http.value(this.http.ask("GET", `${at(session)}/document`), (body, answer) => ({
      kind: "loaded" as const,
      version: version(answer),
      document: body as JsonObject,
    }));
  }

  async patch(session: string, from: number, patch: Patch, key: string): Promise<Saved> {
    const headers = { ...this.said(key), "Content-Type": "application/json-patch+json", "If-Match": `"${from}"` };
    const saved = await this.http.value(this.http.ask("PATCH", `${at(session)}/document`, headers, JSON.stringify(patch)), (_, answer) => ({
      kind: "saved" as const,
      version: version(answer),
    }));
    if (saved.kind !== "refused" || saved.code !== "stale_version") return saved;
    const facts = (saved as { problem?: Problem }).problem?.facts;
    return facts === undefined ? { kind: "unreachable" } : { kind: "stale", current: current(facts) };
  }

  async copy(session: string, document: JsonObject, key: string): Promise<Created> {
    const title = await this.http.value(this.http.ask("GET", at(session)), (body) => ({
      kind: "title" as const,
      title: [...`${(body as { title: string }).title}`].slice(0, longestTitle - 7).join("") + " (copy)",
    }));
    if (title.kind !== "title") return title;
    const headers = { ...this.said(key), "Content-Type": "application/json" };
    const body = JSON.stringify({ title: title.title, document });
    return this.http.value(this.http.ask("POST", "/v1/sessions", headers, body), (made) => ({
      kind: "created" as const,
      session: (made as { id: string }).id,
    }));
  }

  private said(key: string): Record<string, string> {
    return { "Idempotency-Key": key, "X-Berth-Client": this.client };
  }
}

function at(session: string): string {
  return `/v1/sessions/${encodeURIComponent(session)}`;
}
