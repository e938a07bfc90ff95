// SPDX-License-Identifier: Apache-2.0
// What every walk needs: a browser that keeps account of what went wrong, and a few ways of looking.
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'

export const { BASE, TOKEN, SCREENS, FACTS } = process.env
export const facts = JSON.parse(FACTS || '{}')
export const PAGES = ['', 'orders', 'review', 'licenses', 'deliveries', 'deliveries/refused', 'callbacks', 'accounts', 'ledger', 'audit']

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })

/** A fresh tab.  faults gathers what no page may do: errors, broken policy, a dialog, a request to elsewhere. */
export async function tab(options = {}) {
  const context = await chrome.newContext({ locale: 'en-GB', viewport: { width: 1360, height: 900 }, ...options })
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (said) => said.type() === 'error' && !/status of 4\d\d|status of 503/.test(said.text()) && faults.push(`console: ${said.text()}`))
  page.on('dialog', (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss() })
  page.on('request', (request) => !request.url().startsWith(BASE) && !/^(data|blob):/.test(request.url()) && faults.push(`asks ${request.url()}`))
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)))
  return { page, faults, context }
}

export async function enter(page, given = TOKEN) {
  await page.goto(`${BASE}/ops/`)
  await page.getByLabel('Token').fill(given)
  await page.getByLabel('Token').press('Enter')
}

/** A tab that is in, on the given page. */
export async function inside(path = '', options = {}) {
  const opened = await tab(options)
  await enter(opened.page)
  await opened.page.locator('.menu').waitFor()
  await show(opened.page, path)
  return opened
}

export async function show(page, path) {
  await page.evaluate((hash) => { location.hash = hash }, `#/${path}`)
  await page.locator('main h1').first().waitFor()
  for (let tries = 0; await page.locator('main [aria-busy]').count(); tries++) {
    check(tries < 300, `${path} is still reading`)
    await page.waitForTimeout(50)
  }
}

export async function api(path, options = {}) {
  const answer = await fetch(`${BASE}/ops/api/v1${path}`, { ...options, headers: { Authorization: `Bearer ${TOKEN}`, ...options.headers } })
  return answer.json()
}

export async function axe(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message || ''}`).slice(0, 4).join(' | ')}`)
}

export function check(truth, text) {
  if (!truth) throw new Error(text)
}

export const close = () => chrome.close()
