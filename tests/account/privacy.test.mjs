// GET /api/privacy in workerd: data for programs, a page for readers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functionsUrl, must, visitor } from '../functions/project.mjs'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const get = async (query = '', headers = {}) => {
  const answer = await fetch(`${functionsUrl}/privacy${query}`, { headers })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

test('programs get the version in force, the same that REST shows to a visitor', async () => {
  const { status, headers, text } = await get()
  assert.equal(status, 200)
  assert.match(headers.get('content-type'), /^application\/json/)
  assert.equal(headers.get('cache-control'), 'public, max-age=300')
  assert.match(headers.get('vary'), /accept, accept-language/)
  const [row] = must(await visitor().from('privacy_policies').select('version, effective_at, content')
    .lte('effective_at', new Date().toISOString()).order('effective_at', { ascending: false }).limit(1))
  assert.deepEqual(JSON.parse(text), row)
})

test('readers get a page in their language, with a link to the other', async () => {
  const { content } = JSON.parse((await get()).text)
  for (const [query, wanted, language, other] of [['', 'fr-GA,fr;q=0.9,en;q=0.5', 'fr', 'en'], ['', 'en', 'en', 'fr'], ['?lang=en', 'fr', 'en', 'fr'], ['', 'de', 'fr', 'en']]) {
    const { status, headers, text } = await get(query, { accept: browser, 'accept-language': wanted })
    assert.equal(status, 200)
    assert.equal(headers.get('content-language'), language)
    assert.match(headers.get('content-security-policy'), /^default-src 'none'/)
    assert.ok(text.includes(`<html lang="${language}">`) && text.includes(`href="?lang=${other}"`), text)
    assert.equal(text.match(/<h2>/g).length, content[language].sections.length)
    assert.doesNotMatch(text, /<script|src=/)
  }
})

test('who has it is told that nothing changed', async () => {
  const { headers } = await get()
  const again = await get('', { 'if-none-match': headers.get('etag') })
  assert.deepEqual([again.status, again.text], [304, ''])
  const page = await get('', { accept: browser, 'if-none-match': headers.get('etag') })
  assert.equal(page.status, 200)
})

test('a language that there is not is refused', async () => {
  const { status, text } = await get('?lang=de')
  assert.deepEqual([status, JSON.parse(text).code], [422, 'invalid_request'])
})
