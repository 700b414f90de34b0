// Where copies lie when nothing has to outlive the process.
import type { CopyStore } from "./copies.js";
import type { Sealed } from "./sealing.js";

export class MemoryStore implements CopyStore {
  private readonly records = new Map<string, Sealed>();

  async put(name: string, record: Sealed): Promise<void> {
    this.records.set(name, record);
  }

  async get(name: string): Promise<Sealed | undefined> {
    return this.records.get(name);
  }

  async names(prefix: string): Promise<string[]> {
    return [...this.records.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async remove(name: string): Promise<void> {
    this.records.delete(name);
  }
}
