(* T10: attributions of an invariant output. `gradient_at` is differentiability at a point, with epsilon and delta. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RC Require Import representations.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Gradient.
Variables (R : realFieldType) (V : rep) (L : nat).
Local Notation fmap := (fmap R V L).
Variable f : fmap -> R.
Hypotheses (f_ext : forall x y, x =2 y -> f x = f y) (invariant : forall x, f (act x) = f x).
Definition dot (x y : fmap) := \sum_c \sum_t x c t * y c t.
Definition size_of (x : fmap) := \sum_c \sum_t `|x c t|.
Definition gradient_at (x g : fmap) := forall eps, 0 < eps -> exists2 delta, 0 < delta &
  forall h, size_of h < delta -> `|f (fun c t => x c t + h c t) - f x - dot g h| <= eps * size_of h.

Lemma over_act (s : chan V -> 'I_L -> R) : \sum_c \sum_t s (p c) (rev_ord t) = \sum_c \sum_t s c t.
Proof.
rewrite [RHS](reindex_inj (inv_inj (@pK V))); apply: eq_bigr => c _.
by rewrite [RHS](reindex_inj rev_ord_inj).
Qed.
Lemma size_act h : size_of (act h) = size_of h.
Proof.
rewrite -[RHS]over_act; apply: eq_bigr => c _; apply: eq_bigr => t _.
by rewrite /act normrM /sg normrX normrN1 expr1n mul1r.
Qed.
Lemma dot_act g h : dot (act g) h = dot g (act h).
Proof.
rewrite -[RHS]over_act; apply: eq_bigr => c _; apply: eq_bigr => t _.
by rewrite /act pK rev_ordK sgp mulrCA mulrA.
Qed.

Theorem T10_gradient x g : gradient_at x g -> gradient_at (act x) (act g).
Proof.
move=> diff eps /diff[delta d0 near]; exists delta => // h; rewrite -size_act => /near.
rewrite -dot_act size_act invariant -[f (fun c t => x c t + _)]invariant.
have -> // : f (act (fun c t => x c t + act h c t)) = f (fun c t => act x c t + h c t).
by apply: f_ext => c t; rewrite /act mulrDr -[_ * act h _ _]/(act (act h) c t) T1_involution.
Qed.

(* In-silico mutagenesis: one column is replaced by the letter c. Letters are swapped, without signs. *)
Definition mutate (x : fmap) (c : chan V) (t : 'I_L) : fmap := fun d s => if s == t then (d == c)%:R else x d s.
Theorem T10_mutagenesis x c t : (forall d : chan V, sgn d = false) ->
  f (mutate (act x) c t) - f (act x) = f (mutate x (p c) (rev_ord t)) - f x.
Proof.
move=> plus; rewrite invariant -[f (mutate x _ _)]invariant; congr (_ - _); apply: f_ext => d s.
rewrite /mutate /act /sg plus !mul1r (can2_eq (@rev_ordK _) (@rev_ordK _)) rev_ordK.
by rewrite (inj_eq (inv_inj (@pK V))).
Qed.
End Gradient.
