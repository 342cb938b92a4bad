/* The resident's form with script: photos shrunk on the phone, words kept and queued without a network, one matter
   handed in once however often it is sent. Without this file every page still works as a plain form. */
(function () {
  'use strict';
  var d = document, root = d.documentElement, store = window.Liaison.store, say = window.Liaison.say;
  var LONG_SIDE = 1600, QUALITY = 0.72, ANSWER_MS = 12000, PHOTO_MS = 20000, MOST = 6, AGAIN_MS = 60000;

  function get(name) { try { return JSON.parse(store.getItem(name)); } catch (e) { return null; } }
  function put(name, value) { try { store.setItem(name, JSON.stringify(value)); } catch (e) { /* full or forbidden: the server has it */ } }
  function drop(name) { try { store.removeItem(name); } catch (e) { /* nothing there */ } }
  function all(selector, within) { return Array.prototype.slice.call((within || d).querySelectorAll(selector)); }
  function one(selector, within) { return (within || d).querySelector(selector); }

  function uuid() {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    var hex = Array.prototype.map.call(bytes, function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  /* --- what this device holds: photos as ArrayBuffer (a stored FormData loses its files), and the queue */
  var opened;
  function db() {
    opened = opened || new Promise(function (done) {
      try {
        var request = window.indexedDB.open('liaison', 1);
        request.onupgradeneeded = function () {
          request.result.createObjectStore('photos', { keyPath: 'id' });
          request.result.createObjectStore('queue', { keyPath: 'key' });
        };
        request.onsuccess = function () { done(request.result); };
        request.onerror = request.onblocked = function () { done(null); };
      } catch (e) { done(null); }
    });
    return opened;
  }
  function ask(table, mode, question) {
    return db().then(function (open) {
      if (!open) return null;
      return new Promise(function (done, fail) {
        var transaction = open.transaction(table, mode), request = question(transaction.objectStore(table));
        transaction.oncomplete = function () { done(request && request.result); };
        transaction.onabort = transaction.onerror = function () { fail(transaction.error); };
      });
    });
  }
  function rows(table) { return ask(table, 'readonly', function (t) { return t.getAll(); }).then(function (found) { return found || []; }); }
  function keep(table, row) { return ask(table, 'readwrite', function (t) { return t.put(row); }); }
  function forget(table, id) { return ask(table, 'readwrite', function (t) { return t.delete(id); }); }
  function photosOf(key) { return rows('photos').then(function (found) { return found.filter(function (p) { return p.matter === key; }); }); }
  function forgetPhotos(photos) { return Promise.all(photos.map(function (p) { return forget('photos', p.id); })); }
  function blobOf(photo) { return new Blob([photo.data], { type: 'image/jpeg' }); }

  /* --- asking the server, with an end: no answer in time counts as no network */
  function post(url, body, ms) {
    var control = new AbortController(), timer = setTimeout(function () { control.abort(); }, ms);
    return fetch(url, { method: 'POST', body: body, headers: { Accept: 'application/json' }, credentials: 'same-origin', signal: control.signal })
      .then(function (answer) {
        var type = answer.headers.get('Content-Type') || '';
        return (type.indexOf('json') > 0 ? answer.json() : Promise.resolve({})).then(function (said) { return { status: answer.status, said: said }; });
      })
      .then(function (got) { return got.status >= 500 ? null : got; })
      .catch(function () { return null; })
      .then(function (got) { clearTimeout(timer); return got; });
  }

  /* --- pages kept by the service worker: their time is said, the reading size comes from this device */
  if (root.dataset.kept) {
    var size = get('size'), strip = one('#net'), when = new Date(+root.dataset.kept);
    if (size) root.dataset.size = size;
    if (strip && !isNaN(when)) {
      strip.hidden = false;
      strip.setAttribute('data-fixed', '');
      one('span', strip).textContent = '现在没有网。这一页是 ' + window.Liaison.clock(when) + ' 存下的，写的内容会存在这部手机里，有网后再交。';
    }
  } else if (store) put('size', root.dataset.size || '');

  /* --- the three steps */
  var form = one('form[data-step]'), handIn = one('form[data-hand-in]'), busy = false;

  function matterKey(field) {
    var key = field.value || get('intake-key') || uuid();
    field.value = key;
    put('intake-key', key);
    return key;
  }

  function press(on) {
    busy = on;
    all('.bar .btn').forEach(function (button) {
      if (on) { button.dataset.label = button.textContent; button.textContent = '正在提交…'; }
      else if (button.dataset.label) button.textContent = button.dataset.label;
      button.setAttribute('aria-disabled', on);
    });
  }

  function native(target) { HTMLFormElement.prototype.submit.call(target); }

  if (form) {
    matterKey(form.elements.key);
    form.addEventListener('submit', function (e) {
      e.preventDefault();
      if (busy) return;
      var pressed = e.submitter;
      if (pressed && pressed.name) { plain(pressed); return; }
      press(true);
      form.dispatchEvent(new Event('change'));
      step().catch(function () { press(false); native(form); });
    });
  }

  function plain(button) {
    var extra = d.createElement('input');
    extra.type = 'hidden'; extra.name = button.name; extra.value = button.value;
    form.appendChild(extra);
    native(form);
  }

  function step() {
    var body = new FormData(form), key = form.elements.key.value, n = form.dataset.step;
    return (n === '2' ? photosOf(key) : Promise.resolve([])).then(function (photos) {
      photos.forEach(function (photo) { body.append('photos', blobOf(photo), photo.name); });
      return post(form.action, body, ANSWER_MS + photos.length * PHOTO_MS).then(function (got) {
        if (!got) return withoutNetwork(n, key);
        if (got.said.key) put('intake-key', got.said.key);
        return forgetPhotos(got.status < 429 ? photos : []).then(function () {
          if (got.said.next) window.location.assign(got.said.next); else native(form);
        });
      });
    });
  }

  function withoutNetwork(n, key) {
    if (!store) { press(false); say('现在没有网，这部手机也存不下。请打电话说。'); return null; }
    if (n !== '3') { window.location.assign(form.dataset.next); return null; }
    var fields = Object.assign({}, kept(1), kept(2), kept(3), { key: key });
    ['name', 'phone', 'stamp'].forEach(function (name) { fields[name] = form.elements[name].value; });
    return keep('queue', { key: key, fields: fields, words: read(fields), at: Date.now(), state: 'review' })
      .then(function () { window.location.assign('/requests/queued/'); });
  }

  function kept(n) { return (get('draft:intake-' + n) || {}).v || {}; }

  /* the words of choices are known on the page that offers them: kept for reading back without a network */
  function read(fields) {
    var words = get('intake-words') || {};
    return { category: words.category || fields.category, village: words.village || '', title: (fields.body || '').split(/[。！？\n]/)[0].slice(0, 24) };
  }
  if (form) form.addEventListener('change', function () {
    var words = get('intake-words') || {}, tile = one('input[name=category]:checked', form), village = form.elements.village;
    if (tile) words.category = tile.closest('label').textContent.trim();
    if (village && village.selectedIndex > 0) words.village = village.options[village.selectedIndex].text;
    put('intake-words', words);
  });

  if (handIn) {
    put('intake-key', handIn.elements.key.value);
    handIn.addEventListener('submit', function (e) {
      e.preventDefault();
      if (busy) return;
      press(true);
      var key = handIn.elements.key.value;
      post(handIn.action, new FormData(handIn), ANSWER_MS).then(function (got) {
        if (got && got.said.next) { window.location.assign(got.said.next); return; }
        if (got) { press(false); native(handIn); return; }
        var words = { title: (kept(1).body || '').split(/[。！？\n]/)[0].slice(0, 24) };
        keep('queue', { key: key, check: handIn.action, fields: { key: key }, words: words, at: Date.now(), state: 'waiting' })
          .then(function () { window.location.assign('/requests/queued/'); }, function () { press(false); native(handIn); });
      });
    });
  }

  /* --- photos: long side 1600, upright, without place; shown from this device until the server has them */
  function shrink(file) {
    return new Promise(function (done, fail) {
      var picture = new Image(), url = URL.createObjectURL(file);
      picture.onload = function () {
        var scale = Math.min(1, LONG_SIDE / Math.max(picture.naturalWidth, picture.naturalHeight)), canvas = d.createElement('canvas');
        canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
        canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
        canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
        URL.revokeObjectURL(url);
        canvas.toBlob(function (blob) { if (blob) done(blob); else fail(); }, 'image/jpeg', QUALITY);
      };
      picture.onerror = function () { URL.revokeObjectURL(url); fail(); };
      picture.src = url;
    });
  }

  function bytes(blob) {
    return new Promise(function (done, fail) {
      var reader = new FileReader();
      reader.onload = function () { done(reader.result); };
      reader.onerror = fail;
      reader.readAsArrayBuffer(blob);
    });
  }

  function tile(photo) {
    var list = one('[data-photos]', form), item = d.createElement('li'), picture = d.createElement('img'), cap = d.createElement('span'), button = d.createElement('button');
    picture.src = URL.createObjectURL(blobOf(photo));
    picture.alt = '刚选的照片';
    cap.className = 'cap'; cap.textContent = '已存好';
    button.type = 'button'; button.className = 'photos__del'; button.append(cross());
    button.setAttribute('aria-label', '去掉这张照片');
    button.addEventListener('click', function () { forget('photos', photo.id).then(function () { item.remove(); say('去掉了一张照片'); }); });
    item.append(picture, cap, button);
    list.insertBefore(item, one('.photos__add', list));
  }

  function cross() {
    var space = 'http://www.w3.org/2000/svg', drawing = d.createElementNS(space, 'svg'), lines = d.createElementNS(space, 'path');
    drawing.setAttribute('class', 'i'); drawing.setAttribute('viewBox', '0 0 24 24'); drawing.setAttribute('aria-hidden', 'true');
    lines.setAttribute('d', 'M6 6l12 12M18 6 6 18');
    drawing.append(lines);
    return drawing;
  }

  function problem(words) {
    var box = one('#id_photos_box'), line = one('[data-problem]', box) || d.createElement('p');
    line.className = 'errmsg'; line.setAttribute('data-problem', ''); line.textContent = words;
    box.insertBefore(line, one('[data-photos]', box));
    say(words);
  }

  var input = form && form.elements.photos;
  if (input && input.type === 'file') db().then(function (open) {
    if (!open) return;
    var key = form.elements.key.value;
    photosOf(key).then(function (found) { found.forEach(tile); });
    input.addEventListener('change', function () {
      var files = Array.prototype.slice.call(input.files), there = all('[data-photos] img', form).length;
      if (there + files.length > MOST) problem('最多 ' + MOST + ' 张，多了 ' + (there + files.length - MOST) + ' 张');
      files = files.slice(0, Math.max(0, MOST - there));
      files.reduce(function (before, file) {
        return before.then(function () { return shrink(file).then(bytes); }).then(function (data) {
          var photo = { id: uuid(), matter: key, name: 'photo.jpg', data: data };
          return keep('photos', photo).then(function () { tile(photo); });
        }).catch(function () { problem('这个不是照片，或者打不开，请选 JPG 或 PNG'); });
      }, Promise.resolve()).then(function () {
        input.value = '';
        var word = one('[data-files]', form);
        if (word) word.textContent = word.dataset.files || word.textContent;
      });
    });
  });

  /* --- while writing: what was answered in public to something similar */
  var box = one('#similar'), text = form && form.elements.body, timer, lookedAt = '';
  if (box && text) text.addEventListener('input', function () {
    clearTimeout(timer);
    timer = setTimeout(function () {
      if (text.value.length < 8 || text.value === lookedAt) return;
      lookedAt = text.value;
      var body = new FormData();
      body.append('body', text.value);
      if (form.elements.s) body.append('s', form.elements.s.value);
      fetch(box.dataset.url, { method: 'POST', body: body, credentials: 'same-origin' })
        .then(function (answer) { return answer.status === 200 ? answer.text() : ''; })
        .then(function (part) { box.innerHTML = part; var head = one('h2', box); if (head) say(head.textContent); })
        .catch(function () {});
    }, 1200);
  });

  /* --- the queue: one at a time, words first, photos after; a row goes only when the server has answered for it */
  var page = d.body.dataset.queue, sending = false;

  function send(item) {
    var body = new FormData();
    Object.keys(item.fields).forEach(function (name) { [].concat(item.fields[name]).forEach(function (value) { body.append(name, value); }); });
    if (item.state === 'photos') return sendPhotos(item);
    return post(item.check || '/requests/submit/', body, ANSWER_MS).then(function (got) {
      if (!got || got.status === 429) return item;
      if (got.status === 422 || got.status === 409 || !got.said.number) {
        item.state = 'wrong';
        item.problems = Object.keys(got.said.errors || {}).map(function (name) { return got.said.errors[name].join(' '); });
        item.mend = got.said.next || '/requests/new/1/';
        return keep('queue', item).then(function () { return item; });
      }
      item.state = 'photos'; item.number = got.said.number; item.next = got.said.next; item.photos = got.said.photos;
      item.fields = { key: item.key };
      return keep('queue', item).then(function () { return sendPhotos(item); });
    });
  }

  function sendPhotos(item) {
    return photosOf(item.key).then(function (photos) {
      if (!photos.length) return done(item, photos);
      var body = new FormData();
      photos.forEach(function (photo) { body.append('photos', blobOf(photo), photo.name); });
      return post(item.photos, body, ANSWER_MS + photos.length * PHOTO_MS).then(function (got) {
        return got && got.status < 429 ? done(item, photos) : item;
      });
    });
  }

  function done(item, photos) {
    return forgetPhotos(photos).then(function () { return forget('queue', item.key); }).then(function () {
      if (get('intake-key') === item.key) forgetDraft();
      item.state = 'done';
      return item;
    });
  }

  function forgetDraft() {
    ['intake-key', 'intake-words', 'draft:intake-1', 'draft:intake-2', 'draft:intake-3'].forEach(drop);
  }

  function flush() {
    if (sending) return Promise.resolve();
    sending = true;
    return rows('queue').then(function (found) {
      return found.filter(function (item) { return item.state === 'waiting' || item.state === 'photos'; })
        .reduce(function (before, item) { return before.then(function (sent) { return send(item).then(function (now) { return sent.concat(now); }); }); }, Promise.resolve([]));
    }).then(function (sent) {
      sending = false;
      var handed = sent.filter(function (item) { return item.state === 'done'; });
      if (page) show(); else handed.forEach(tell);
      if (page && handed.length && handed.length === sent.length) window.location.assign(handed[0].next);
    }, function () { sending = false; });
  }

  function tell(item) {
    var note = d.createElement('div'), span = d.createElement('span'), link = d.createElement('a');
    note.className = 'note note--green mb4'; note.setAttribute('role', 'status');
    link.href = item.next; link.textContent = '看回执';
    span.append('刚才等着交的一件已经交上去了，编号 ' + item.number + '。', link);
    note.append(span);
    one('#main').prepend(note);
  }

  function line(list, name, value) {
    if (!value) return;
    var row = d.createElement('div'), term = d.createElement('dt'), said = d.createElement('dd');
    term.textContent = name; said.textContent = value;
    row.append(term, said);
    list.append(row);
  }

  function show() {
    return Promise.all([rows('queue'), rows('photos')]).then(function (found) {
      var review = found[0].filter(function (item) { return item.state === 'review'; })[0], others = found[0].filter(function (item) { return item.state !== 'review'; });
      one('#review').hidden = !review;
      one('#waiting').hidden = !!review || !others.length;
      one('#nothing').hidden = !!review || others.length > 0;
      if (review) readBack(review, found[1].filter(function (p) { return p.matter === review.key; }));
      var list = one('[data-items]');
      list.textContent = '';
      others.forEach(function (item) { list.append(slip(item, found[1].filter(function (p) { return p.matter === item.key; }))); });
    });
  }

  function readBack(item, photos) {
    var list = one('[data-rows]'), fields = item.fields;
    list.textContent = '';
    line(list, '什么事', (item.words.category || '') + '\n' + fields.body);
    line(list, '在哪里', [item.words.village, fields.place].filter(Boolean).join(' '));
    line(list, '照片', photos.length ? photos.length + ' 张' : '没有传');
    line(list, '称呼', fields.name);
    line(list, '手机号', fields.phone || '没有留，凭查询码查进度');
    one('[data-store]').onclick = function () {
      item.state = 'waiting'; item.at = Date.now();
      keep('queue', item).then(function () { forgetDraft(); return show(); }).then(function () { window.scrollTo(0, 0); say('存好了，还没有交上去'); return flush(); });
    };
  }

  function slip(item, photos) {
    var part = d.importNode(one('#item').content, true), written = new Date(item.at);
    var size = photos.reduce(function (sum, p) { return sum + p.data.byteLength; }, 2000);
    one('[data-title]', part).textContent = item.words.title || '写好的一件';
    one('[data-size]', part).textContent = (written.getMonth() + 1) + '月' + written.getDate() + '日 ' + window.Liaison.clock(written) + ' 写好 · ' + photos.length + ' 张照片 · 约 ' + Math.ceil(size / 1024) + ' KB';
    var says = one('[data-says]', part);
    if (item.state === 'photos') says.textContent = '已经登记了，编号 ' + item.number + '。照片还没传完，有网时接着传。';
    if (item.state === 'wrong') {
      says.textContent = '没有交上去：' + (item.problems.join('；') || '页面放得太久了，请再核对一遍') + ' ';
      var link = d.createElement('a');
      link.href = item.mend; link.textContent = '改一改';
      link.addEventListener('click', function () { mend(item); });
      says.append(link);
    }
    if (Date.now() - item.at > 14 * 864e5) says.append(' 存了两个星期了，不要了可以删掉。');
    one('[data-drop]', part).addEventListener('click', function () {
      forgetPhotos(photos).then(function () { return forget('queue', item.key); }).then(show);
    });
    return part;
  }

  function mend(item) {
    put('intake-key', item.key);
    put('draft:intake-1', { v: item.fields, t: Date.now() });
    put('draft:intake-2', { v: item.fields, t: Date.now() });
    put('draft:intake-3', { v: item.fields, t: Date.now() });
  }

  if (page) {
    show();
    one('[data-send-now]').addEventListener('click', function () { say('正在交…'); flush().then(function () { return rows('queue'); }).then(function (left) { if (left.length) say('还没有交上去，等有网再试'); }); });
  }
  if (page || form || handIn || d.body.dataset.received) {
    /* Background Sync does not exist on iPhones: we send ourselves, whenever somebody is here */
    flush();
    window.addEventListener('online', flush);
    d.addEventListener('visibilitychange', function () { if (d.visibilityState === 'visible') flush(); });
    setInterval(flush, AGAIN_MS);
  }

  /* --- the receipt: what this device held of the matter goes */
  if (d.body.dataset.received) {
    var finished = get('intake-key');
    forgetDraft();
    if (finished) photosOf(finished).then(forgetPhotos).then(function () { return forget('queue', finished); });
    seen(d.body.dataset.received);
  }
  all('[data-share]').forEach(function (button) {
    if (!navigator.share) return;
    button.hidden = false;
    button.addEventListener('click', function () { navigator.share({ title: d.title, url: button.dataset.share }).catch(function () {}); });
  });

  /* --- numbers looked up on this phone: the number only, never what opens it */
  function seen(number) {
    var list = (get('seen') || []).filter(function (each) { return each.n !== number; });
    list.unshift({ n: number, t: Date.now() });
    put('seen', list.slice(0, 5));
  }
  if (d.body.dataset.lookedUp) seen(d.body.dataset.lookedUp);
  var mine = one('#seen'), known = get('seen') || [];
  if (mine && known.length) {
    mine.hidden = false;
    known.forEach(function (each) {
      var row = d.importNode(one('template', mine).content, true), day = new Date(each.t);
      one('b', row).textContent = each.n;
      one('.small', row).textContent = (day.getMonth() + 1) + '月' + day.getDate() + '日查过';
      one('a', row).addEventListener('click', function (e) {
        e.preventDefault();
        one('#id_number').value = each.n;
        one('#id_secret').focus();
      });
      one('ul', mine).append(row);
    });
    one('[data-forget]', mine).addEventListener('click', function () { drop('seen'); mine.hidden = true; one('#id_number').focus(); });
  }

  /* --- pages for times without a network; step 2 with the villages of this very station */
  if (navigator.serviceWorker && window.isSecureContext) {
    navigator.serviceWorker.register('/sw.js').then(function () { return navigator.serviceWorker.ready; }).then(function (ready) {
      if (form && form.elements.s && ready.active) ready.active.postMessage({ station: form.elements.s.value });
    }).catch(function () {});
  }
})();
