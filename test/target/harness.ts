/** Targets, a real FHIR server and a scripted one, closed after each test. */
import { afterEach } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Fault, Faults } from '../../src/sandbox/faults.ts';
import { createFhirServerTarget, type FhirServerOptions } from '../../src/target/fhir/fhir-server.ts';
import type { Delivered, Delivery, Target } from '../../src/target/target.ts';
import { type Answer, type Scripted, type Seen, startScripted } from '../servers/scripted.ts';
import { NOW_MS, startEhr, type TestEhr } from './deliveries.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

export async function ehr(options: Parameters<typeof startEhr>[0] = {}): Promise<TestEhr> {
  const started = await startEhr(options);
  closing.push(started);
  return started;
}

export async function scripted(script: (seen: Seen) => Answer | Promise<Answer>): Promise<Scripted> {
  const started = await startScripted(script);
  closing.push(started);
  return started;
}

export function targetAt(baseUrl: string, options: Partial<FhirServerOptions> = {}): Target {
  const basic = { name: 'ehr', baseUrl, deadlineMs: 2_000, clock: () => NOW_MS };
  const target = createFhirServerTarget({ ...basic, ...options });
  closing.push(target);
  return target;
}

export function go(target: Target, ...deliveries: Delivery[]): Promise<readonly Delivered[]> {
  return target.deliver(deliveries, new AbortController().signal);
}

export async function one(target: Target, delivery: Delivery): Promise<Delivered> {
  return (await go(target, delivery))[0]!;
}

/** @returns the rule id of each refusal */
export function rules(answers: readonly Delivered[]): (string | undefined)[] {
  return answers.map((answer) => (answer.ok ? 'ok' : ruleOf(answer.outcome.issue[0]!)));
}

/** @returns the class of each answer */
export function retries(answers: readonly Delivered[]): string[] {
  return answers.map((answer) => (answer.ok ? 'ok' : answer.retry));
}

/** Faults for one method, each used once, in order. */
export function faultsFor(method: string, ...faults: (Fault | undefined)[]): { faults: Faults } {
  return { faults: (request) => (request.method === method ? faults.shift() : undefined) };
}
