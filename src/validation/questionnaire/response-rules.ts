/** Turns a QuestionnaireResponse into what does not fit its Questionnaire, where that is at hand. */

import type { Checking } from '../checking.ts';
import { jsonOf, listOf, textOf } from '../json-parts.ts';
import { resolveReference } from '../resolve.ts';
import { DEEPEST, type Json } from '../run.ts';
import { NO_FAULTS, type SpecialFault } from '../special-fault.ts';
import { answerFaults } from './answers.ts';
import { isEnabled } from './enabled.ts';
import { type Form, formOf, type Item, type Level } from './form.ts';
import { Places, type Scope, type Spot } from './places.ts';
import { typedValue } from './values.ts';

/** linkIds that one message names. */
const MOST_NAMED = 20;

/** @source hl7.org/fhir/R4/questionnaireresponse.html#notes */
export function questionnaireResponseFaults(response: Json, checks: Checking): readonly SpecialFault[] {
  const canonical = textOf(response.questionnaire);
  if (canonical === undefined) return NO_FAULTS;
  const questionnaire = canonical.startsWith('#')
    ? resolveReference(canonical)
    : checks.books.canonicals.find('Questionnaire', canonical);
  if (questionnaire?.resourceType !== 'Questionnaire') return [unknown(canonical)];
  const walk = new Walk(response, formOf(questionnaire as Json), checks);
  walk.level(response, walk.form.top, { path: 'item', around: undefined, depth: 0 });
  return walk.faults;
}

function unknown(canonical: string): SpecialFault {
  const element = 'questionnaire';
  const rule = 'questionnaire-unknown';
  if (canonical.startsWith('#'))
    return {
      rule,
      element,
      text: 'names no contained Questionnaire: contain it, or write its canonical URL',
    };
  const text = 'is not known here, and the answers were not checked against it: add the Questionnaire';
  return { rule, element, text, severity: 'information', code: 'not-found' };
}

/** A list of items within the response. */
interface Site {
  /** below the response: `item[0].answer[1].item` */
  readonly path: string;
  readonly around: Scope | undefined;
  readonly depth: number;
}

class Walk {
  readonly form: Form;
  readonly faults: SpecialFault[] = [];
  readonly #checks: Checking;
  readonly #places: Places;
  readonly #isComplete: boolean;
  #isTooLarge = false;

  constructor(response: Json, form: Form, checks: Checking) {
    this.form = form;
    this.#checks = checks;
    this.#places = new Places(response, form.asked);
    this.#isComplete = response.status === 'completed' || response.status === 'amended';
  }

  /** @param owner the response, a group, or an answer: what `item` is a member of */
  level(owner: Json, level: Level, site: Site): void {
    if (site.depth > DEEPEST) return;
    const present = new Set<string>();
    let last = -1;
    const items: readonly unknown[] = Array.isArray(owner.item) ? owner.item : [];
    for (const [index, one] of items.entries()) {
      const json = jsonOf(one);
      const linkId = textOf(json?.linkId);
      if (!json || linkId === undefined) continue;
      if (!this.#mayGoOn()) return;
      const path = `${site.path}[${index}]`;
      const item = level.items.get(linkId);
      if (!item) {
        this.#stranger(linkId, path);
        continue;
      }
      if (item.order < last) this.#outOfOrder(item, path);
      last = Math.max(last, item.order);
      if (present.has(linkId)) this.#again(item, path);
      present.add(linkId);
      this.#item(json, item, { ...site, path });
    }
    if (this.#isComplete) this.#missing(owner, level, present, site);
  }

  #add(rule: string, element: string, text: string, more: Partial<SpecialFault> = {}): void {
    this.faults.push({ rule, element, text, ...more });
  }

  #mayGoOn(): boolean {
    if (this.#isTooLarge) return false;
    if (this.#places.take(1)) return true;
    this.#isTooLarge = true;
    this.#add(
      'questionnaire-too-large',
      'item',
      'has more answers and conditions than are checked: divide it',
    );
    return false;
  }

  #stranger(linkId: string, path: string): void {
    const element = `${path}.linkId`;
    const known = this.form.all.get(linkId);
    if (known)
      this.#add(
        'questionnaire-item-place',
        element,
        `"${known.linkId}" does not stand where the questionnaire has it: items of a group stand in its item, those of a question in its answer`,
        { code: 'structure' },
      );
    else
      this.#add('questionnaire-item-unknown', element, 'is no linkId of the questionnaire: correct it', {
        code: 'not-found',
      });
  }

  #outOfOrder(item: Item, path: string): void {
    const text = `("${item.linkId}") stands after items that the questionnaire has behind it: keep its order`;
    // answers mean the same in any order, and sources have their own: who asks for everything is told
    this.#add('questionnaire-item-order', path, text, { severity: 'information', code: 'structure' });
  }

  #again({ type, repeats, linkId }: Item, path: string): void {
    if (type !== 'group')
      this.#add(
        'questionnaire-item-repeated',
        path,
        `("${linkId}") is there already: write further answers into the first one`,
        { code: 'duplicate' },
      );
    else if (!repeats)
      this.#add('questionnaire-repeats', path, `("${linkId}") may not repeat: keep one`, {
        code: 'structure',
      });
  }

  #item(json: Json, item: Item, site: Site): void {
    const enabled = this.#isEnabled(item, { around: site.around, at: json, isMissing: false });
    if (enabled === false && this.#isComplete) {
      if (hasAnswer(json, 0))
        this.#add(
          'questionnaire-disabled',
          site.path,
          `("${item.linkId}") is answered, though the answers before it leave it out (enableWhen): remove it`,
          { code: 'business-rule' },
        );
      return;
    }
    const around: Scope = { linkId: item.linkId, item: json, around: site.around };
    if (item.type === 'group' || item.type === 'display') this.#group(json, item, { ...site, around });
    else this.#question(json, item, { ...site, around });
  }

  #group(json: Json, item: Item, site: Site): void {
    if (json.answer !== undefined)
      this.#add(
        item.type === 'group' ? 'questionnaire-group-answer' : 'questionnaire-display-answer',
        `${site.path}.answer`,
        `is there, and "${item.linkId}" is no question: remove it`,
        { code: 'structure' },
      );
    this.level(json, item, { ...site, path: `${site.path}.item`, depth: site.depth + 1 });
  }

  #question(json: Json, item: Item, site: Site): void {
    if (json.item !== undefined)
      this.#add(
        'questionnaire-item-place',
        `${site.path}.item`,
        `is there, and "${item.linkId}" is a question: write the items below it into its answer`,
        { code: 'structure' },
      );
    const answers = listOf(json.answer);
    if (answers.length > 1 && !item.repeats)
      this.#add(
        'questionnaire-repeats',
        `${site.path}.answer`,
        `may not repeat ("${item.linkId}"): keep one`,
        {
          code: 'structure',
        },
      );
    const question = { item, questionnaire: this.form.questionnaire, checks: this.#checks };
    answers.forEach((answer, index) => {
      if (!this.#mayGoOn()) return;
      const path = `${site.path}.answer[${index}]`;
      this.faults.push(...answerFaults(answer, question, path));
      this.level(answer, item, { ...site, path: `${path}.item`, depth: site.depth + 1 });
    });
  }

  /** An item that is there without an answer is as good as missing, but where an extension says why. */
  #missing(owner: Json, level: Level, present: ReadonlySet<string>, site: Site): void {
    if (level.required.length === 0) return;
    const empty = new Set(
      listOf(owner.item)
        .filter(isEmpty)
        .map(({ linkId }) => linkId),
    );
    const absent: string[] = [];
    for (const item of level.required) {
      if (!this.#mayGoOn()) return;
      if (present.has(item.linkId) && !empty.has(item.linkId)) continue;
      const spot = { around: site.around, at: owner, isMissing: true };
      if (this.#isEnabled(item, spot) === true) absent.push(item.linkId);
    }
    if (absent.length === 0) return;
    const named = absent.slice(0, MOST_NAMED).map((linkId) => `"${linkId}"`);
    const more = absent.length > MOST_NAMED ? ` and ${absent.length - MOST_NAMED} more` : '';
    const text = `lacks what a completed response must answer: supply ${named.join(', ')}${more}`;
    this.#add('questionnaire-required', site.path, text, { code: 'required' });
  }

  #isEnabled(item: Item, spot: Spot): boolean | undefined {
    const enabled = isEnabled(item, this.#places, spot);
    return this.#mayGoOn() ? enabled : undefined;
  }
}

function isEmpty({ answer, item, extension }: Json): boolean {
  return extension === undefined && listOf(answer).length === 0 && listOf(item).length === 0;
}

/** @returns true when a value is answered in the item or below it */
function hasAnswer(json: Json, depth: number): boolean {
  if (depth > DEEPEST) return true;
  return (
    listOf(json.answer).some(
      (answer) =>
        typedValue(answer, 'value')?.value !== undefined ||
        listOf(answer.item).some((one) => hasAnswer(one, depth + 1)),
    ) || listOf(json.item).some((one) => hasAnswer(one, depth + 1))
  );
}
