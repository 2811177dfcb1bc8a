(()=>{"use strict";
const d=document,every=30e3,all=(s,e=d)=>[...e.querySelectorAll(s)];
const copy=async text=>{
if(navigator.clipboard&&isSecureContext)return navigator.clipboard.writeText(text);
const a=d.createElement("textarea");a.value=text;a.readOnly=true;a.className="skip";d.body.append(a);a.select();
const done=d.execCommand("copy");a.remove();if(!done)throw Error()};
const ready=()=>all(".copy").forEach(b=>{b.hidden=false;b.setAttribute("aria-label","Copy: "+b.previousElementSibling.textContent)});
d.addEventListener("click",async e=>{const b=e.target.closest(".copy");if(!b)return;
try{await copy(b.previousElementSibling.textContent);b.textContent="Copied"}
catch{getSelection().selectAllChildren(b.previousElementSibling);b.textContent="Press Ctrl+C"}
b.focus();setTimeout(()=>b.textContent="Copy",3e3)});
const key=e=>e.tagName+(e.id||e.getAttribute("href")||e.getAttribute("aria-label")||e.name||e.textContent);
let turn=0;
const refresh=async url=>{const mine=++turn,late=d.getElementById("late");
try{const r=await fetch(url,{headers:{Accept:"text/html"}});if(!r.ok)throw Error();
const n=new DOMParser().parseFromString(await r.text(),"text/html");
if(mine!=turn||!getSelection().isCollapsed)return;
d.title=n.title;d.querySelector("link[rel=icon]").href=n.querySelector("link[rel=icon]").getAttribute("href");
for(const old of all("[data-live]")){const now=n.getElementById(old.id);if(!now)continue;
for(const f of all("details[id]",old)){const g=n.getElementById(f.id);if(g)g.open=f.open}
const focus=old.contains(d.activeElement)&&key(d.activeElement),scroll=all(".book",old).map(b=>b.scrollTop);
old.replaceChildren(...now.childNodes);ready();
all(".book",old).forEach((b,i)=>b.scrollTop=scroll[i]||0);
if(focus){const f=all("a,button,summary,[tabindex]",old).find(e=>key(e)==focus);if(f)f.focus({preventScroll:true})}}
late.hidden=true}
catch{if(mine==turn)late.hidden=false}};
setInterval(()=>d.hidden||refresh(location.href),every);
d.addEventListener("visibilitychange",()=>d.hidden||refresh(location.href));
const form=d.querySelector("form.filter");let wait;
if(form)form.addEventListener("input",()=>{clearTimeout(wait);wait=setTimeout(()=>{
const q=new URLSearchParams([...new FormData(form)].filter(([,v])=>v));
history.replaceState(null,"",location.pathname+(q.size?"?"+q:""));refresh(location.href)},250)});
d.addEventListener("keydown",e=>{const q=d.querySelector("[name=q]");
if(e.key=="/"&&q&&!e.target.closest("input,select,textarea")){e.preventDefault();q.focus()}});
ready()})();
