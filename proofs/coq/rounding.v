(* T17: rounding. Both strands of a tied layer sum the same n products in another order. A computed number is an exact
   one times 1 + delta, |delta| <= u; any order and grouping of the additions is a tree. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Rounding.
Variables (R : realFieldType) (u : R).
Hypothesis u0 : 0 <= u.
Inductive tree := Leaf (w x : R) | Plus (a b : tree).
Fixpoint exact t := match t with Leaf w x => w * x | Plus a b => exact a + exact b end.
Fixpoint absolute t := match t with Leaf w x => `|w * x| | Plus a b => absolute a + absolute b end.
Fixpoint terms t := match t with Leaf _ _ => 1%N | Plus a b => (terms a + terms b)%N end.
Inductive computed : tree -> R -> Prop :=
  | Product w x d : `|d| <= u -> computed (Leaf w x) (w * x * (1 + d))
  | Sum a b v w d : computed a v -> computed b w -> `|d| <= u -> computed (Plus a b) ((v + w) * (1 + d)).

Definition growth n := (1 + u) ^+ n - 1.
Lemma absolute_ge0 t : 0 <= absolute t. Proof. by elim: t => //= a ha b hb; apply: addr_ge0. Qed.
Lemma exact_le t : `|exact t| <= absolute t.
Proof. by elim: t => //= a ha b hb; apply: le_trans (ler_norm_add _ _) (ler_add ha hb). Qed.
Lemma terms_gt0 t : (0 < terms t)%N. Proof. by elim: t => //= a ha b hb; rewrite ltn_addr. Qed.
Lemma one_le : 1 <= 1 + u. Proof. by rewrite ler_addl. Qed.
Lemma growth_le m n : (m <= n)%N -> growth m <= growth n.
Proof. by move=> le; rewrite ler_add2r ler_weexpn2l // one_le. Qed.

Lemma sum_error t v : computed t v -> `|v - exact t| <= growth (terms t) * absolute t.
Proof.
elim=> /= [w x d le|a b v' w d _ ea _ eb le].
  rewrite /growth expr1 addrAC subrr add0r.
  have -> : w * x * (1 + d) - w * x = d * (w * x) by ring.
  by rewrite normrM ler_wpmul2r.
have [n [na nb nn]] : exists n, [/\ (terms a <= n)%N, (terms b <= n)%N & (n.+1 <= terms a + terms b)%N].
  exists (terms a + terms b).-1; have := terms_gt0 a; have := terms_gt0 b.
  by case: (terms a) (terms b) => [|m] [|k] // _ _; rewrite addSn /= addnS; split; rewrite ?leq_addr // ltnS leq_addl.
have ea' : `|v' - exact a| <= growth n * absolute a.
  by apply: le_trans ea _; rewrite ler_wpmul2r ?absolute_ge0 ?growth_le.
have eb' : `|w - exact b| <= growth n * absolute b.
  by apply: le_trans eb _; rewrite ler_wpmul2r ?absolute_ge0 ?growth_le.
apply: (@le_trans _ _ (growth n.+1 * (absolute a + absolute b))); last first.
  by rewrite ler_wpmul2r ?addr_ge0 ?absolute_ge0 ?growth_le.
have -> : (v' + w) * (1 + d) - (exact a + exact b)
  = ((v' - exact a) + (w - exact b)) * (1 + d) + (exact a + exact b) * d by ring.
have -> : growth n.+1 * (absolute a + absolute b)
  = (growth n * absolute a + growth n * absolute b) * (1 + u) + (absolute a + absolute b) * u.
  by rewrite /growth exprS; ring.
apply: le_trans (ler_norm_add _ _) _; rewrite !normrM; apply: ler_add; apply: ler_pmul; rewrite ?normr_ge0 //.
- by apply: le_trans (ler_norm_add _ _) (ler_add ea' eb').
- by apply: le_trans (ler_norm_add _ _) _; rewrite normr1 ler_add2l.
- by apply: le_trans (ler_norm_add _ _) (ler_add (exact_le a) (exact_le b)).
Qed.

Lemma growth_bound n : n%:R * u < 1 -> growth n <= n%:R * u / (1 - n%:R * u).
Proof.
move=> small; have pos : 0 < 1 - n%:R * u by rewrite subr_gt0.
rewrite ler_pdivl_mulr // /growth mulrBl mul1r ler_subl_addr [X in _ <= X]addrC subrK.
elim: n {small pos} => [|n IH]; first by rewrite expr0 mul1r mul0r subr0.
apply: le_trans IH; rewrite exprSr -mulrA ler_wpmul2l ?exprn_ge0 ?(le_trans ler01 one_le) //.
rewrite -subr_ge0; have -> : 1 - n%:R * u - (1 + u) * (1 - n.+1%:R * u) = n.+1%:R * u ^+ 2 by rewrite -[n.+1]addn1 natrD; ring.
by rewrite mulr_ge0 ?ler0n ?exprn_ge0.
Qed.

(* Two orders and groupings of the same n products. *)
Theorem T17_rounding n s t a b : computed s a -> computed t b -> exact s = exact t -> absolute s = absolute t ->
  (terms s <= n)%N -> (terms t <= n)%N -> n%:R * u < 1 ->
  `|a - b| <= 2%:R * (n%:R * u / (1 - n%:R * u)) * absolute s.
Proof.
move=> ca cb ee aa ns nt small; have bound := growth_bound small.
have one r v : computed r v -> (terms r <= n)%N -> `|v - exact r| <= n%:R * u / (1 - n%:R * u) * absolute r.
  by move=> c le; apply: le_trans (sum_error c) _; rewrite ler_wpmul2r ?absolute_ge0 // (le_trans (growth_le le)).
have -> : a - b = (a - exact s) - (b - exact t) by rewrite ee opprB addrA subrK.
apply: le_trans (ler_norm_sub _ _) _; rewrite -mulrA mulr2n mulrDl !mul1r.
by apply: ler_add; [apply: one | rewrite aa; apply: one].
Qed.
End Rounding.
