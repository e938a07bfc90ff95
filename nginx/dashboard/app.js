// SPDX-License-Identifier: Apache-2.0
// The frame around the pages: who is in, where one is, how it looks, what the keyboard does.
import { html, render, useEffect, useRef, useState } from './vendor/htm-preact-3.1.1.js'
import { get, live, onRejected, token, useLive } from './api.js'
import { PAGES, keysListen } from './keys.js'
import { Ask, Problem, Told } from './parts.js'
import { go, href, useRoute } from './route.js'
import { language, languageSet, t } from './words.js'
import { Accounts } from './pages/accounts.js'
import { License } from './pages/license.js'
import { List } from './pages/lists.js'
import { Order } from './pages/order.js'
import { Orders } from './pages/orders.js'
import { Overview } from './pages/overview.js'
import { Review } from './pages/review.js'

const THEME = 'license-bridge-theme'
const themeNow = () => localStorage.getItem(THEME) || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

function titleOf([first, second]) {
  if (first === 'orders' && second) return t('Order {id}', { id: second })
  if (first === 'licenses' && second) return t('License {id}', { id: second })
  if (second === 'refused') return t('Refused deliveries')
  const page = PAGES.find(([, path]) => path === first)
  return page ? t(page[2]) : t('No such page')
}

function Login({ entered, error }) {
  const submit = (event) => {
    event.preventDefault()
    token.set(new FormData(event.target).get('token').trim())
    event.target.reset()
    entered()
  }
  return html`<main class="login"><form class="card" onSubmit=${submit}><img src="icon.svg" alt="" width="48" height="48" />
    <h1>License Bridge</h1><p>${t('Paste an operator’s token. It stays in this tab and is forgotten with it.')}</p>
    <label class="field"><span>${t('Token')}</span><input name="token" type="password" required autocomplete="off" spellcheck="false" /></label>
    <${Problem} error=${error} /><button class="main">${t('Enter')}</button>
    <p><small>${t('Make one with:')} <code>bridgectl token create NAME --scopes read,operate</code></small></p></form></main>`
}

function Page({ route, me, theme }) {
  const { path: [first, second, third], params } = route
  if (first === '') return html`<${Overview} theme=${theme} />`
  if (first === 'orders') return second ? html`<${Order} key=${second} id=${second} />` : html`<${Orders} params=${params} me=${me} />`
  if (first === 'review') return html`<${Review} me=${me} params=${params} />`
  if (first === 'licenses' && second) return html`<${License} key=${second} id=${second} />`
  if (first === 'accounts') return html`<${Accounts} me=${me} />`
  const list = second === 'refused' ? `${first}/${second}` : first
  if (third === undefined && ['licenses', 'deliveries', 'deliveries/refused', 'callbacks', 'ledger', 'audit'].includes(list))
    return html`<${List} key=${list} name=${list} params=${params} />`
  return html`<h1>${t('No such page')}</h1><p><a href=${href('')}>${t('Overview')}</a></p>`
}

function Help({ close }) {
  const rows = [['/', t('search')], ['j  k', t('next and previous row')], ['Enter', t('open it')], ['Esc', t('close a dialog')], ['?', t('this list')],
    ...PAGES.map(([letter, , label]) => [`g ${letter}`, t(label)])]
  return html`<${Ask} title=${t('Keyboard')} yes=${t('Close')} run=${async () => close()} close=${close}>
    <dl class="keys">${rows.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl><//>`
}

function Menu({ here }) {
  const overview = useLive('/overview', {}, 10)
  const doubts = overview.data ? overview.data.doubts.needs_review : 0
  return html`<nav class="menu" aria-label=${t('Pages')}><a class="brand" href=${href('')}><img src="icon.svg" alt="" width="28" height="28" /><b>License Bridge</b></a>
    <ul>${PAGES.map(([, page, label]) => html`<li><a href=${href(page)} aria-current=${here === page ? 'page' : null}>${t(label)}
      ${page === 'review' && doubts > 0 && html`<span class="badge">${doubts}</span>`}</a></li>`)}</ul></nav>`
}

function Bar({ me, theme, setTheme, redraw, leave, help }) {
  const [stopped, setStopped] = useState(live.isPaused())
  const search = (event) => {
    event.preventDefault()
    const text = new FormData(event.target).get('text').trim()
    if (text) go('orders', { text })
  }
  const pause = () => {
    live.pause(!stopped)
    setStopped(!stopped)
  }
  const speak = () => {
    languageSet(language() === 'tr' ? 'en' : 'tr')
    redraw()
  }
  return html`<header class="bar"><form role="search" onSubmit=${search}>
      <input id="search" name="text" type="search" placeholder=${t('Order, service, invoice, IP, key, e-mail …')} aria-label=${t('Search')} autocomplete="off" /><kbd aria-hidden="true">/</kbd></form>
    <div class="tools"><button class="plain small" aria-pressed=${stopped} onClick=${pause}>
        <span class="dot" data-tone=${stopped ? null : 'good'}></span>${stopped ? t('Paused') : t('Live')}</button>
      <button class="plain small" onClick=${speak} lang=${language() === 'tr' ? 'en' : 'tr'}>${language() === 'tr' ? 'English' : 'Türkçe'}</button>
      <button class="plain small" onClick=${() => setTheme(theme === 'dark' ? 'light' : 'dark')}>${theme === 'dark' ? t('Light') : t('Dark')}</button>
      <button class="plain small" onClick=${help} aria-label=${t('Keyboard')}>?</button>
      <button class="plain small" onClick=${leave} title=${me.name}>${t('Leave')}</button></div></header>`
}

function App() {
  const route = useRoute()
  const [me, setMe] = useState(null)
  const [error, setError] = useState(null)
  const [theme, setTheme] = useState(themeNow())
  const [helping, setHelping] = useState(false)
  const [, redraw] = useState(0)
  const main = useRef(null)
  const enter = () => get('/me').then((data) => { setMe(data); setError(null) }, (failed) => { setError(failed); if (failed.status === 401) token.drop() })
  const leave = () => {
    token.drop()
    setMe(null)
  }
  useEffect(() => {
    document.documentElement.lang = language()
    if (token.get()) enter()
    return onRejected(leave)
  }, [])
  useEffect(() => keysListen(() => setHelping(true)), [])
  useEffect(() => {
    document.documentElement.dataset.theme = theme
    localStorage.setItem(THEME, theme)
  }, [theme])
  const place = route.path.join('/')
  useEffect(() => { document.title = me ? `${titleOf(route.path)} · License Bridge` : 'License Bridge' }, [me, place, language()])
  useEffect(() => {
    main.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [place])
  if (!me) return html`<${Login} entered=${enter} error=${error} />`
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus() }}>${t('To the content')}</a>
    <${Menu} here=${route.path[0]} /><div class="body">
    <${Bar} me=${me} theme=${theme} setTheme=${setTheme} redraw=${() => redraw(Date.now())} leave=${leave} help=${() => setHelping(true)} />
    <main id="main" ref=${main} tabindex="-1"><${Page} route=${route} me=${me} theme=${theme} /></main></div>
    <${Told} />${helping && html`<${Help} close=${() => setHelping(false)} />`}`
}

render(html`<${App} />`, document.getElementById('app'))
