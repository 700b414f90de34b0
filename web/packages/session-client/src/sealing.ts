// Seals local copies, so that what lies in a browser's storage is readable only while the server still hands out the key
// of this user and device: after signing in again, yes; after the device was revoked or the key expired, no.
// AES-256-GCM with a random 96-bit nonce; the key's id and the copy's name are authenticated with it.

export interface DeviceKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The server's side: gives keys out after sign-in. */
export interface DeviceKeys {
  /** The key to seal with now; an exception when the server cannot be asked. */
  current(): Promise<DeviceKey>;
  /** A key that sealed an older copy; undefined when it was revoked or has expired for good. */
  find(id: string): Promise<DeviceKey | undefined>;
}

export interface Sealed {
  readonly format: 1;
  readonly key: string;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What became of opening: a copy whose key is revoked is not damaged, and the other way round. */
export type Opened = { readonly text: string } | { readonly failed: "revoked" | "damaged" | "newer" };

export class Sealer {
  private current: Promise<{ id: string; key: CryptoKey }> | undefined;

  constructor(
    private readonly keys: DeviceKeys,
    private readonly subtle: SubtleCrypto = globalThis.crypto.subtle,
    private readonly random: (size: number) => Uint8Array<ArrayBuffer> = (size) =>
      globalThis.crypto.getRandomValues(new Uint8Array(size)),
  ) {}

  /** Drops the key in memory: on sign-out, or when the server said that it expired. */
  forget(): void {
    this.current = undefined;
  }

  async seal(name: string, text: string): Promise<Sealed> {
    this.current ??= this.keys.current().then(async (key) => ({ id: key.id, key: await this.imported(key) }));
    const { id, key } = await this.current.catch((error) => {
      this.current = undefined;
      throw error;
    });
    const nonce = this.random(12);
    const sealed = await this.subtle.encrypt(parameters(nonce, id, name), key, new TextEncoder().encode(text));
    return { format: 1, key: id, nonce, bytes: new Uint8Array(sealed) };
  }

  /** An exception only when the key cannot be asked for: the copy may still be good. */
  async open(name: string, sealed: Sealed): Promise<Opened> {
    if (sealed.format !== 1) return { failed: "newer" };
    const given = await this.keys.find(sealed.key);
    if (given === undefined) return { failed: "revoked" };
    try {
      const key = await this.imported(given);
      const plain = await this.subtle.decrypt(parameters(sealed.nonce, sealed.key, name), key, sealed.bytes);
      return { text: new TextDecoder().decode(plain) };
    } catch {
      return { failed: "damaged" };
    }
  }

  private imported(key: DeviceKey): Promise<CryptoKey> {
    return this.subtle.importKey("raw", key.bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  }
}

function parameters(nonce: Uint8Array<ArrayBuffer>, id: string, name: string): AesGcmParams {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(JSON.stringify(["berth.copy", 1, id, name])) };
}
