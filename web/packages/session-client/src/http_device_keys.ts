// Keys that seal this device's local copies, from the server: /v1/devices. The device remembers its id, never a key.
import { Http, type HttpOptions } from "./http_transport.js";
import type { DeviceKey, DeviceKeys } from "./sealing.js";
import type { Failure } from "./transport.js";

/** Where the device's id is kept: a browser's localStorage fits. */
export interface Remembered {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
}

interface Given {
  readonly device: { readonly id: string };
  readonly key: string;
}

const remembered = "berth.device";

export class HttpDeviceKeys implements DeviceKeys {
  private readonly http: Http;
  /** `name`: what its owner calls this device in a list: "Firefox on laptop". */
  constructor(options: HttpOptions, private readonly memory: Remembered, private readonly name: string) {
    this.http = new Http(options);
  }

  async current(): Promise<DeviceKey> {
    const id = this.memory.getItem(remembered);
    const known = id === null ? undefined : await this.find(id);
    if (known !== undefined) return known;
    const headers = { "Content-Type": "application/json" };
    const made = await this.key(this.http.ask("POST", "/v1/devices", headers, JSON.stringify({ name: this.name })));
    if ("kind" in made) throw new Error(`no key for this device: ${made.kind}`);
    this.memory.setItem(remembered, made.id);
    return made;
  }

  async find(id: string): Promise<DeviceKey | undefined> {
    const found = await this.key(this.http.ask("GET", `/v1/devices/${encodeURIComponent(id)}`));
    if (!("kind" in found)) return found;
    if (found.kind === "refused" && found.code === "not_found") return undefined;
    throw new Error(`no answer about the key: ${found.kind}`);
  }

  private key(asked: Promise<Response | Failure>): Promise<DeviceKey | Failure> {
    return this.http.value(asked, (body) => {
      const given = body as Given;
      const bytes = Uint8Array.from(atob(given.key), (letter) => letter.charCodeAt(0));
      return { id: given.device.id, bytes };
    });
  }
}
