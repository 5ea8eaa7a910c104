/** The store's receipts: what was handed in, opened and closed, also for a process that died over it. */
import type { ReceiptStore } from '../store.ts';
import type { Runner } from './engine.ts';
import { interruptAbandoned } from './instance-rows.ts';
import { finishReceipt, insertReceipt, interruptReceipts, selectReceipt } from './record-rows.ts';

/** @param instance this process, whose receipts are its own */
export function receiptStore(runner: Runner, instance: string): ReceiptStore {
  return {
    openReceipt: (receipt) => runner.write(() => insertReceipt(receipt, instance)),
    finishReceipt: (id, nowMs) => runner.write(() => finishReceipt(id, nowMs)),
    interruptReceipts: (nowMs, id) => runner.write(() => interruptReceipts(nowMs, id)),
    interruptAbandoned: (nowMs, silentMs) => runner.write(() => interruptAbandoned(nowMs, silentMs)),
    receipt: (id) => runner.read(() => selectReceipt(id)),
  };
}
