// The place goes into the body of a POST, never into an address; without script the button is not there.
(function () {
  "use strict";
  var form = document.querySelector("[data-near]");
  if (!form || !navigator.geolocation) return;
  var says = form.querySelector("[data-near-says]");
  form.hidden = false;
  form.querySelector("button").addEventListener("click", function () {
    says.textContent = "正在找您的位置…";
    navigator.geolocation.getCurrentPosition(function (found) {
      form.elements.latitude.value = found.coords.latitude.toFixed(4);
      form.elements.longitude.value = found.coords.longitude.toFixed(4);
      form.submit();
    }, function () {
      says.textContent = "没有拿到位置。按村、社区找也一样，不用开定位。";
    }, { timeout: 8000, maximumAge: 300000 });
  });
})();
