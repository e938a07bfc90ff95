// SPDX-License-Identifier: Apache-2.0
// One walk each: `node walks.js NAME`; ends with status 0, or says what was wrong.
import { mkdir } from 'node:fs/promises'
import { PAGES, SCREENS, TOKEN, api, axe, check, close, enter, facts, inside, show, tab } from './browser.js'

const detail = () => [`orders/${facts.reviewed}`, `licenses/${facts.license}`]
const named = (path) => path.replace(/\W+/g, '-') || 'overview'

const walks = {
  async pages() {
    await mkdir(SCREENS, { recursive: true })
    for (const theme of ['light', 'dark']) {
      const { page, faults } = await inside('', { colorScheme: theme })
      const titles = new Set()
      for (const path of [...PAGES, ...detail()]) {
        await show(page, path)
        await page.waitForTimeout(300)
        titles.add(await page.title())
        await page.screenshot({ path: `${SCREENS}/${named(path)}-${theme}.png`, fullPage: true })
        const text = await page.locator('main').innerText()
        check(!/undefined|NaN|\[object/.test(text), `${path}: ${text}`)
        check((await page.locator('main .problem[role=alert]').count()) === 0, `${path}: ${await page.locator('main .problem').allTextContents()}`)
      }
      check(titles.size === PAGES.length + 2 && [...titles].every((one) => one.endsWith(' · License Bridge')), `titles: ${[...titles]}`)
      check(faults.length === 0, faults.join('\n'))
    }
  },

  async invalid_licenses() {
    const { page } = await inside('licenses?service=svc8')
    await page.locator('tbody tr', { hasText: 'called invalid' }).locator('a').first().click()
    await page.locator('main h1', { hasText: 'called invalid' }).waitFor()
    await page.locator('.facts', { hasText: 'Called invalid by its provider' }).waitFor()
    await show(page, 'licenses?service=svc7')
    check((await page.getByText('called invalid').count()) === 0, 'a good license is called invalid')
  },

  async phone() {
    const { page, faults } = await inside('', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    for (const path of [...PAGES, ...detail()]) {
      await show(page, path)
      await page.waitForTimeout(200)
      await page.screenshot({ path: `${SCREENS}/${named(path)}-phone.png` })
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      check(wide <= 0, `${path} is ${wide} pixels too wide`)
    }
    check(faults.length === 0, faults.join('\n'))
  },

  async accessible() {
    const wrong = []
    for (const theme of ['light', 'dark']) {
      const { page } = await inside('', { colorScheme: theme })
      for (const path of [...PAGES, ...detail()]) {
        await show(page, path)
        wrong.push(...(await axe(page)).map((one) => `${theme} ${path}: ${one}`))
      }
      await page.keyboard.press('?')
      await page.locator('dialog[open]').waitFor()
      wrong.push(...(await axe(page)).map((one) => `${theme} help: ${one}`))
    }
    const { page } = await tab()
    await page.goto(`${process.env.BASE}/ops/`)
    wrong.push(...(await axe(page)).map((one) => `login: ${one}`))
    check(wrong.length === 0, wrong.join('\n'))
  },

  async hostile() {
    const { page, faults } = await inside(`orders/${facts.hostile}`)
    for (const path of [`orders/${facts.hostile}`, 'orders', 'licenses', 'deliveries', 'deliveries/refused', 'audit', '']) {
      await show(page, path)
      check((await page.locator('main img, main script, main iframe, main svg[onload]').count()) === 0, `${path}: a string became an element`)
    }
    await show(page, `orders/${facts.hostile}`)
    for (const details of await page.locator('.timeline summary').all()) await details.click()
    const text = await page.locator('main').innerText()
    for (const string of facts.strings) check(text.includes(string), `not shown as text: ${string}`)
    check(!(await page.evaluate(() => 'owned' in globalThis)), 'a string ran')
    check(faults.length === 0, faults.join('\n'))
  },

  async resolve() {
    const { page, faults } = await inside('review')
    const card = page.locator('article', { has: page.locator(`a[href="#/orders/${facts.happened}"]`) })
    await card.getByText('Missing from the balance').waitFor()
    check((await card.getByRole('button', { name: /retry|try now/i }).count()) === 0, 'the tray offers a retry')
    await card.getByRole('button', { name: 'It happened' }).click()
    await page.getByLabel('Reason').fill('seen in the provider’s panel')
    await page.locator('dialog').getByRole('button', { name: 'It happened' }).click()
    await page.getByText(`Order ${facts.happened} is now succeeded`).waitFor()
    await card.waitFor({ state: 'detached' })
    const order = await api(`/orders/${facts.happened}`)
    check(order.state === 'succeeded', `the order is ${order.state}`)
    const audit = await api(`/audit?order=${facts.happened}`)
    check(audit.items.some((one) => /seen in the provider/.test(one.reason)), 'the audit does not have it')
    check(faults.length === 0, faults.join('\n'))
  },

  async buy_again_asks_twice() {
    const { page } = await inside(`orders/${facts.reviewed}`)
    await page.getByRole('button', { name: 'Buy again' }).click()
    await page.getByLabel('Reason').fill('sure')
    await page.getByLabel(/Type the order number/).fill('1' + facts.reviewed)
    await page.locator('dialog').getByRole('button', { name: 'Buy again' }).click()
    await page.locator('dialog .problem').waitFor()
    check((await api(`/orders/${facts.reviewed}`)).state === 'needs_review', 'it was bought with a wrong confirmation')
  },

  async curl() {
    const { page, faults } = await inside(`orders/${facts.suspended}`)
    await page.evaluate(() => { navigator.clipboard.writeText = async (text) => { globalThis.copied = text } })
    await page.getByRole('button', { name: 'Copy as curl' }).first().click()
    await page.getByText('Copied.').waitFor()
    const copied = await page.evaluate(() => globalThis.copied)
    check(/^curl -X POST "\$BASE_URL\/licenses\/suspend" -H "Authorization: Bearer \$TOKEN" --data '[^']*198\.51\.100\.3[^']*'$/.test(copied), copied)
    await show(page, `orders/${facts.reviewed}`)
    check((await page.getByText('Copy as curl').count()) === 0, 'a paid call can be copied')
    check(faults.length === 0, faults.join('\n'))
  },

  async bulk() {
    const { page, faults } = await inside('orders?state=held')
    await page.getByRole('button', { name: 'Act on all of these' }).click()
    await page.getByLabel('Release').check()
    await page.getByRole('button', { name: 'Count them' }).click()
    await page.getByText(`Do it to ${facts.held} orders?`).waitFor()
    check((await api('/orders?state=held')).items.length === facts.held, 'counting changed something')
    await page.getByLabel('Reason').fill('the storm is over')
    await page.getByRole('button', { name: `Yes, all ${facts.held}` }).click()
    await page.getByText(`${facts.held} orders changed`).waitFor()
    await page.getByText('No order fits.').waitFor()
    check(faults.length === 0, faults.join('\n'))
  },

  async search() {
    const { page } = await inside('')
    await page.keyboard.press('/')
    await page.keyboard.type('203.0.113.10')
    await page.keyboard.press('Enter')
    await page.locator('main h1', { hasText: 'Orders' }).waitFor()
    await page.locator('tbody tr').first().waitFor()
    for (const row of await page.locator('tbody tr').allInnerTexts()) check(row.includes('203.0.113.10'), `found ${row}`)
    await show(page, 'licenses?ip=203.0.113.10')
    check((await page.locator('tbody tr').count()) === facts.licenses, 'not the licenses of the address')
  },

  async keyboard() {
    const { page, faults } = await tab()
    await page.goto(`${process.env.BASE}/ops/`)
    await page.keyboard.press('Tab')
    await page.keyboard.type(TOKEN)
    await page.keyboard.press('Enter')
    await page.locator('.menu').waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.locator('tbody tr').nth(1).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    const first = await page.locator('tbody tr a').first().innerText()
    await page.keyboard.press('Enter')
    await page.locator('main h1', { hasText: `Order ${first}` }).waitFor()
    await page.keyboard.press('?')
    await page.locator('dialog[open]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await page.locator('main h1', { hasText: 'Review' }).waitFor()
    check(faults.length === 0, faults.join('\n'))
  },

  async polling() {
    const { page } = await inside('orders')
    let asked = 0
    page.on('request', (request) => { if (request.url().includes('/ops/api/')) asked++ })
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }))
    await page.waitForTimeout(1000)
    asked = 0
    await page.waitForTimeout(11000)
    check(asked === 0, `a hidden tab asked ${asked} times`)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => false })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.waitForTimeout(500)
    check(asked > 0, 'a tab that is seen again does not ask')
    await page.getByRole('button', { name: 'Live' }).click()
    await page.waitForTimeout(500)
    asked = 0
    await page.waitForTimeout(6000)
    check(asked === 0, `a paused page asked ${asked} times`)
  },

  // From the click on the menu to the frame in which the list's rows stand; the page before has other rows.
  async paint() {
    const { page } = await inside('audit')
    const spans = []
    for (let round = 0; round < 30; round++) {
      await show(page, round % 2 ? 'audit' : 'ledger')
      spans.push(await page.evaluate(() => new Promise((done) => {
        const began = performance.now()
        const look = () => requestAnimationFrame(() => {
          if (!document.querySelector('main tbody .state[data-state]')) return look()
          return setTimeout(() => done(performance.now() - began)) // behind the frame that shows them
        })
        document.querySelector('.menu a[href="#/orders"]').click()
        look()
      })))
    }
    spans.sort((a, b) => a - b)
    const [median, late] = [spans[15], spans[27]].map((span) => Math.round(span))
    console.log(`paint: median_ms=${median} p90_ms=${late} worst_ms=${Math.round(spans[29])}`)
    check(median <= 100, `the list of orders is painted after ${spans.map((span) => Math.round(span))} ms`)
  },

  async turkish() {
    const { page, faults } = await inside('')
    await page.getByRole('button', { name: 'Türkçe' }).click()
    await page.locator('main h1', { hasText: 'Genel bakış' }).waitFor()
    check((await page.title()) === 'Genel bakış · License Bridge', await page.title())
    check((await page.getAttribute('html', 'lang')) === 'tr', 'the page does not say its language')
    await page.screenshot({ path: `${SCREENS}/overview-turkish.png`, fullPage: true })
    check(faults.length === 0, faults.join('\n'))
  },

  async token_stays_inside() {
    const { page } = await tab()
    await enter(page, 'lbt_' + '0'.repeat(64))
    await page.locator('.problem').waitFor()
    await page.getByLabel('Token').fill(TOKEN)
    const urls = []
    page.on('request', (request) => urls.push(request.url()))
    await page.getByLabel('Token').press('Enter')
    await page.locator('.menu').waitFor()
    const elsewhere = await page.evaluate(() => JSON.stringify(localStorage) + document.cookie + location.href + document.documentElement.outerHTML)
    check(!elsewhere.includes(TOKEN) && !urls.join().includes(TOKEN), 'the token is where it does not belong')
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.getByLabel('Token').waitFor()
    check((await page.evaluate(() => sessionStorage.length)) === 0, 'the token stays behind')
  },
}

try {
  await walks[process.argv[2]]()
} catch (error) {
  console.error(error.stack)
  process.exitCode = 1
}
await close()
