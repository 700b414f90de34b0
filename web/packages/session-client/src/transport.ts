// The server as the client needs it. Every answer is a value; an exception is a bug.
import type { JsonObject } from "./json.js";
import type { Patch } from "./patch.js";

export type Failure =
  /** No answer, or one that promises better times. The request may have been carried out. */
  | { readonly kind: "unreachable"; readonly retryAfterMs?: number }
  | { readonly kind: "signed_out" }
  | { readonly kind: "refused"; readonly code: string; readonly detail: string };

/** Who made the version that is there now: told to the person, never compared. */
export interface Current {
  readonly version: number;
  readonly changedAt?: string;
  readonly who?: string;
  readonly client?: string;
}

export type Loaded = { readonly kind: "loaded"; readonly version: number; readonly document: JsonObject } | Failure;
export type Saved =
  | { readonly kind: "saved"; readonly version: number }
  | { readonly kind: "stale"; readonly current: Current }
  | Failure;
export type Created = { readonly kind: "created"; readonly session: string } | Failure;

export interface Transport {
  load(session: string): Promise<Loaded>;
  /** Carried out only when `version` (If-Match) is still the current one. `key` (Idempotency-Key) makes a repeated request
      the same one: it says which version the first one made, also when that is not the newest any more. */
  patch(session: string, version: number, patch: Patch, key: string): Promise<Saved>;
  /** Save as. `key` (Idempotency-Key) makes a repeated request the same one. */
  copy(session: string, document: JsonObject, key: string): Promise<Created>;
}
