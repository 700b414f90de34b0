// Where copies lie in a browser: in IndexedDB, one database for all tabs of the page's origin.
import type { CopyStore } from "./copies.js";
import type { Sealed } from "./sealing.js";

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class IndexedDbStore implements CopyStore {
  private constructor(private readonly database: IDBDatabase) {}

  static async open(name = "berth.copies", factory: IDBFactory = indexedDB): Promise<IndexedDbStore> {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("copies");
    return new IndexedDbStore(await done(request));
  }

  async put(name: string, record: Sealed): Promise<void> {
    await this.write((copies) => copies.put(record, name));
  }

  async get(name: string): Promise<Sealed | undefined> {
    return done<Sealed | undefined>(this.database.transaction("copies").objectStore("copies").get(name));
  }

  async names(prefix: string): Promise<string[]> {
    const keys = await done(this.database.transaction("copies").objectStore("copies").getAllKeys());
    return keys.map(String).filter((name) => name.startsWith(prefix));
  }

  async remove(name: string): Promise<void> {
    await this.write((copies) => copies.delete(name));
  }

  close(): void {
    this.database.close();
  }

  /** Over when the transaction is complete, not when the request is: only then it is kept. */
  private write(request: (copies: IDBObjectStore) => IDBRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction("copies", "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
      request(transaction.objectStore("copies"));
    });
  }
}
