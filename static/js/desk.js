/* The desks with a keyboard: every action here is a link or a form that works alone.
   J K next and previous row, A M T B the steps of the case at hand. */
(function () {
  'use strict';
  var d = document;

  function say(text) { if (window.Liaison) window.Liaison.say(text); }

  /* --- keys: never while somebody writes */
  function writing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== 'checkbox';
  }

  function rows() { return Array.prototype.slice.call(d.querySelectorAll('[data-row]')); }

  function move(step) {
    var all = rows(), at = all.findIndex(function (row) { return row.getAttribute('aria-current') === 'true'; });
    var next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
    if (!next) { say(step > 0 ? '已经是最后一件' : '已经是第一件'); return; }
    next.scrollIntoView({ block: 'nearest' });
    next.click();
  }

  d.addEventListener('keydown', function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || writing(e.target)) return;
    var key = e.key.length === 1 ? e.key.toUpperCase() : '';
    if (key === 'J' || key === 'K') { if (rows().length) { e.preventDefault(); move(key === 'J' ? 1 : -1); } return; }
    var step = key && d.querySelector('#pane [data-key="' + key + '"]');
    if (step) { e.preventDefault(); step.click(); }
  });

  /* --- the row at hand, marked at once; on a phone the case takes the place of the list */
  d.addEventListener('click', function (e) {
    var row = e.target.closest && e.target.closest('[data-row]');
    if (!row) return;
    rows().forEach(function (each) { each.removeAttribute('aria-current'); });
    row.setAttribute('aria-current', 'true');
  });

  function layout() {
    var main = d.querySelector('main.tri');
    if (!main) return;
    var open = !!d.querySelector('#pane .tri__acts');
    main.classList.toggle('tri--case', open);
    main.classList.toggle('tri--list', !open);
  }

  /* --- after a swap: errors first, then the step's first field, then the heading */
  function settle(root) {
    var place = root.querySelector('#err') || root.querySelector('[data-step] select, [data-step] textarea, [data-step] .in, [data-step] input[type=radio], [data-step] button') || root.querySelector('[data-focus]');
    if (place) place.focus({ preventScroll: place.hasAttribute('data-focus') });
    var step = root.querySelector('#step');
    if (step) step.scrollIntoView({ block: 'nearest' });
    var title = root.querySelector('#step-title') || root.querySelector('.case__title');
    if (title) say(title.textContent);
  }

  /* settled, not only swapped: before that a form just drawn would be sent as a page */
  d.addEventListener('htmx:afterSettle', function (e) {
    if (e.target.id === 'pane') { layout(); settle(e.target); if (e.target.scrollTo) e.target.scrollTo(0, 0); told(e.target); }
    if (e.target.id === 'contact') { var first = e.target.querySelector('[data-focus], .in'); if (first) first.focus(); }
    if (e.target.id === 'newbar' && e.target.textContent.trim()) say(e.target.textContent.trim());
    if (e.target.id === 'queue') mark();
    if (e.target.id === 'preview') e.target.scrollIntoView({ block: 'nearest' });
  });

  /* a refreshed list keeps the row at hand */
  function mark() {
    var open = new URLSearchParams(location.search).get('case');
    rows().forEach(function (row) {
      var same = open && new URLSearchParams(row.search).get('case') === open;
      if (same) row.setAttribute('aria-current', 'true'); else row.removeAttribute('aria-current');
    });
    ticked();
  }

  /* the list is refreshed as it now stands in the address, without the case */
  d.addEventListener('htmx:configRequest', function (e) {
    if (e.detail.elt.id === 'queue') e.detail.path = location.pathname + location.search;
  });

  /* --- polls are not work: after ten minutes without a key or a touch they stop, so that the idle log-out still comes */
  var IDLE = 600000, touched = Date.now();
  ['keydown', 'pointerdown', 'input'].forEach(function (name) {
    d.addEventListener(name, function () { touched = Date.now(); }, { passive: true });
  });
  d.addEventListener('htmx:beforeRequest', function (e) {
    if (/^(newbar|also)$/.test(e.target.id) && (d.hidden || Date.now() - touched > IDLE)) e.preventDefault();
  });

  /* --- a part that did not come: the page stays, and says so */
  ['htmx:sendError', 'htmx:timeout', 'htmx:responseError'].forEach(function (name) {
    d.addEventListener(name, function (e) {
      if (e.detail && e.detail.elt && /^(newbar|also)$/.test(e.detail.elt.id)) return;
      var strip = d.getElementById('net');
      if (strip && name !== 'htmx:responseError') strip.hidden = false;
      say('这一块没刷新出来，请再试一次');
    });
  });
  d.addEventListener('htmx:beforeRequest', function (e) { if (e.detail.target) e.detail.target.setAttribute('aria-busy', 'true'); });
  d.addEventListener('htmx:afterRequest', function (e) { if (e.detail.target) e.detail.target.removeAttribute('aria-busy'); });

  /* --- what the resident will be told follows the choice of unit and length */
  function told(root) {
    var line = root.querySelector('[data-told]'), form = line && line.closest('form');
    if (!form || !form.elements.unit) return;
    function update() {
      var unit = form.elements.unit, length = form.elements.complexity;
      line.querySelector('[data-told-unit]').textContent = unit.value ? unit.selectedOptions[0].textContent.trim() : '这个单位';
      if (length) line.querySelector('[data-told-day]').textContent = length.selectedOptions[0].textContent.split(' · ').pop().trim();
    }
    form.addEventListener('change', update);
    update();
  }

  /* --- how many are ticked */
  function ticked() {
    var line = d.querySelector('[data-ticked]');
    if (!line) return;
    var n = d.querySelectorAll('input[name=ids]:checked').length;
    line.textContent = n ? '已选 ' + n + ' 件：' : '勾选几件：';
  }
  d.addEventListener('change', function (e) {
    if (e.target.name === 'ids') ticked();
    /* photos go up as soon as they are chosen */
    var send = e.target.getAttribute && e.target.getAttribute('data-sends');
    if (send && e.target.files && e.target.files.length) d.getElementById(send).click();
  });

  /* --- the unit's form: the date only for 正在解决, the basis only for 眼下解决不了; without script both stand there */
  function outcome() {
    var form = d.getElementById('reply');
    if (!form) return;
    var chosen = form.querySelector('input[name=outcome]:checked'), value = chosen ? chosen.value : '';
    form.classList.toggle('is-planned', value === 'planned');
    form.classList.toggle('is-cannot', value === 'cannot');
    form.classList.add('is-scripted');
  }
  d.addEventListener('change', function (e) { if (e.target.name === 'outcome') outcome(); });

  function begin() {
    outcome(); told(d); ticked();
    var ended = d.querySelector('[data-draft-ends]');
    if (ended && window.Liaison && window.Liaison.store) window.Liaison.store.removeItem('draft:' + ended.getAttribute('data-draft-ends'));
  }
  if (d.readyState === 'loading') d.addEventListener('DOMContentLoaded', begin); else begin();
})();
