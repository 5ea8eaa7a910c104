/** What is wrong with a narrative is said by its reason, and in no word of its own. */
import { expect, test } from 'vitest';
import { htmlChecks, narrativeFaults } from '../../src/fhirpath/narrative.ts';

const within = (inner: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

test('names of HTML are said, other names and all text are not', () => {
  const secret = 'Quillfeather';
  const hostile = [
    secret,
    `<${secret}/>`,
    `<p ${secret}="${secret}">${secret}</p>`,
    `<p class=${secret}>a</p>`,
    `<a href="javascript:${secret}">a</a>`,
    `<p xmlns="${secret}">a</p>`,
    `</${secret}>`,
    `<script>${secret}</script>`,
    `<p>${secret}`,
    `<!-- ${secret}`,
  ];
  for (const inner of hostile)
    for (const div of [inner, within(inner)])
      for (const { text } of narrativeFaults(div)) expect(text).not.toContain(secret);
  expect(narrativeFaults(within('<SCRIPT>a</SCRIPT>'))[0]!.text).toContain('<script>');
});

test('each rule is broken alone, or beside another where that is so', () => {
  const rulesOf = (div: string) => narrativeFaults(div).map(({ rule }) => rule);
  expect(rulesOf(within('a'))).toEqual([]);
  expect(rulesOf(within('<form>a</form>'))).toEqual(['txt-1']);
  expect(rulesOf(within(' \n'))).toEqual(['txt-2']);
  expect(rulesOf('<div>a</div>')).toEqual(['namespace']);
  expect(rulesOf('<div><form/></div>')).toEqual(['txt-1', 'txt-2', 'namespace']);
  expect(rulesOf('<div hidden><p>a</p></div>')).toEqual(['txt-1']);
  expect(rulesOf('a')).toEqual(['txt-1']);
});

test('htmlChecks holds a text against txt-1 and txt-2 alone', () => {
  expect(htmlChecks('<div>a</div>')).toBe(true);
  expect(htmlChecks('<div/>')).toBe(false);
  expect(htmlChecks('<div><form>a</form></div>')).toBe(false);
  expect(htmlChecks(undefined)).toBeUndefined();
});
