(* T5, T13, T18: what merging does to a loss.

   `both` is the loss of f on an example and on its reverse complement. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From RC Require Import conjoining.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* T5: any loss that is convex at midpoints and unchanged by R. *)
Section Loss.
Variables (F : realFieldType) (X T : Type) (rx : X -> X) (rt : T -> T) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry).
Variable l : Y -> T -> F.
Hypotheses (inv : forall u y, l (ry u) (rt y) = l u y)
  (convex : forall u v y, l (mean u v) y <= 2%:R^-1 * (l u y + l v y)).
Let two : (2%:R : F) != 0. Proof. by rewrite pnatr_eq0. Qed.
Let conj := conjoin rx ry (@mean F Y).
Definition both (f : X -> Y) x y := l (f x) y + l (f (rx x)) (rt y).
Theorem T5_mean_never_raises_the_loss f x y : both (conj f) x y <= both f x y.
Proof.
have -> : both (conj f) x y = 2%:R * l (conj f x) y.
  by rewrite /both /conj (T3_mean rxK ryK) inv mulr2n mulrDl mul1r.
have := convex (f x) (ry (f (rx x))) y.
have e : l (f (rx x)) (rt y) = l (ry (f (rx x))) y by rewrite -(inv (ry _)) ryK.
rewrite /both e -/(conj f x) => h.
by rewrite -(ler_pmul2l (_ : 0 < 2%:R^-1)) ?invr_gt0 ?ltr0n // mulrA mulVf // mul1r.
Qed.

(* T18: of all linear merges w u + (1 - w) v, w = 1/2 has the least loss, averaged over both strands. *)
Definition weighted (w : F) (u v : Y) := w *: u + (1 - w) *: v.
Theorem T18_half_is_best w f x y :
  both (conj f) x y <= both (conjoin rx ry (weighted w) f) x y.
Proof.
have := T5_mean_never_raises_the_loss (conjoin rx ry (weighted w) f) x y.
suff -> : both (conj (conjoin rx ry (weighted w) f)) x y = both (conj f) x y by [].
suff e z : conj (conjoin rx ry (weighted w) f) z = conj f z by rewrite /both !e.
rewrite /conj /conjoin /mean /weighted rxK [ry (_ + _)]linearD ![ry (_ *: _)]linearZ /= ryK; congr (_ *: _).
move: (f z) (ry (f (rx z))) => a b; rewrite [w *: b + _]addrC addrACA -!scalerDl.
by rewrite addrC subrK [w + _]addrC subrK !scale1r addrC.
Qed.
End Loss.


(* T13: for a loss A(u) - <y, u> + c(y) the augmented loss is the conjoined loss and a term J that holds no label. *)
Section LabelFree.
Variables (F : realFieldType) (X T : Type) (rx : X -> X) (rt : T -> T) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry).
Variables (A : Y -> F) (pair : T -> Y -> F) (c : T -> F).
Hypotheses (pairD : forall y u v, pair y (u + v) = pair y u + pair y v)
  (pairZ : forall y a u, pair y (a *: u) = a * pair y u).
Let l u y := A u - pair y u + c y.
Hypothesis inv : forall u y, l (ry u) (rt y) = l u y.
Let conj := conjoin rx ry (@mean F Y).
Definition J (u v : Y) := 2%:R^-1 * (A u + A v) - A (mean u v).
Theorem T13_agreement_identity f x y :
  both rx rt l f x y = both rx rt l (conj f) x y + 2%:R * J (f x) (ry (f (rx x))).
Proof.
have two : (2%:R : F) != 0 by rewrite pnatr_eq0.
have -> : both rx rt l (conj f) x y = 2%:R * l (conj f x) y.
  by rewrite /both /conj (T3_mean rxK ryK) inv mulr2n mulrDl mul1r.
have e : l (f (rx x)) (rt y) = l (ry (f (rx x))) y by rewrite -(inv (ry _)) ryK.
rewrite /both e /J -/(conj f x) /l.
have -> : pair y (conj f x) = 2%:R^-1 * (pair y (f x) + pair y (ry (f (rx x)))) by rewrite /conj /conjoin /mean pairZ pairD.
have -> : mean (f x) (ry (f (rx x))) = conj f x by [].
by field.
Qed.

Hypothesis convex : forall u v, A (mean u v) <= 2%:R^-1 * (A u + A v).
Theorem T13_nonnegative u v : 0 <= J u v. Proof. by rewrite subr_ge0. Qed.
Theorem T13_zero_where_strands_agree u : J u u = 0.
Proof.
have two : (2%:R : F) != 0 by rewrite pnatr_eq0.
by rewrite /J mean_id //; field.
Qed.
Theorem T13_only_there u v : (forall u v, u <> v -> A (mean u v) < 2%:R^-1 * (A u + A v)) -> J u v = 0 -> u = v.
Proof.
move=> strict j0; case: (eqVneq u v) => // /eqP /strict; rewrite -subr_gt0 -/(J u v) j0 ltxx.
by [].
Qed.
End LabelFree.

(* The closed forms of J, for one position. The exponential and the logarithm enter by their laws alone. *)
Section ClosedForms.
Variable F : rcfType.
Let half : F := 2%:R^-1.

Theorem T13_squared_error (u v : F) : half * (u ^+ 2 + v ^+ 2) - (half * (u + v)) ^+ 2 = (u - v) ^+ 2 / 4%:R.
Proof. by rewrite /half; field. Qed.

Variables (exp ln : F -> F).
Hypotheses (exp_gt0 : forall a, 0 < exp a) (expD : forall a b, exp (a + b) = exp a * exp b).
Hypothesis lnM : forall a b, 0 < a -> 0 < b -> ln (a * b) = ln a + ln b.

Lemma exp_half a : exp (half * a) = Num.sqrt (exp a).
Proof.
have -> : exp a = exp (half * a) ^+ 2 by rewrite expr2 -expD -mulrDr -mulr2n -mulr_natl mulrA mulVf ?mul1r // pnatr_eq0.
by rewrite sqrtr_sqr ger0_norm // ltW.
Qed.
Lemma exp_mean a b : exp (half * (a + b)) = Num.sqrt (exp a) * Num.sqrt (exp b).
Proof. by rewrite mulrDr expD !exp_half. Qed.

(* Poisson, rates exp u: half the squared Hellinger distance of the rates. *)
Theorem T13_poisson u v :
  half * (exp u + exp v) - exp (half * (u + v)) = (Num.sqrt (exp u) - Num.sqrt (exp v)) ^+ 2 / 2%:R.
Proof.
rewrite exp_mean; have e a : exp a = Num.sqrt (exp a) ^+ 2 by rewrite sqr_sqrtr // ltW.
by rewrite {1}(e u) {1}(e v) /half; field.
Qed.

(* Multinomial of n counts with logits u: n times the Bhattacharyya distance of the strands' probabilities. *)
Variables (I : finType) (i0 : I).
Implicit Types u v : I -> F.
Definition total u := \sum_i exp (u i).
Definition prob u i := exp (u i) / total u.

Lemma total_gt0 u : 0 < total u.
Proof. by rewrite /total (bigD1 i0) //= ltr_paddr ?sumr_ge0 // => i _; apply: ltW. Qed.
Lemma lnV a : 0 < a -> ln a^-1 = - ln a.
Proof.
move=> a0; have one : ln 1 = 0 by apply: (addrI (ln 1)); rewrite -lnM ?ltr01 // mulr1 addr0.
by apply: (addrI (ln a)); rewrite -lnM ?invr_gt0 // divff ?one ?subrr // gt_eqF.
Qed.
Lemma ln_sqrt a : 0 < a -> ln (Num.sqrt a) = half * ln a.
Proof.
move=> a0; have s0 : 0 < Num.sqrt a by rewrite sqrtr_gt0.
by rewrite -{2}(sqr_sqrtr (ltW a0)) expr2 lnM // /half; field.
Qed.

Theorem T13_multinomial (n : F) u v :
  half * (n * ln (total u) + n * ln (total v)) - n * ln (total (fun i => half * (u i + v i)))
  = - n * ln (\sum_i Num.sqrt (prob u i) * Num.sqrt (prob v i)).
Proof.
have tu := total_gt0 u; have tv := total_gt0 v.
have -> : \sum_i Num.sqrt (prob u i) * Num.sqrt (prob v i)
    = total (fun i => half * (u i + v i)) * (Num.sqrt (total u) * Num.sqrt (total v))^-1.
  rewrite /total mulr_suml; apply: eq_bigr => i _; rewrite exp_mean /prob !sqrtrM ?ltW // -!/(total _).
  by rewrite !sqrtrV ?ltW // invfM mulrACA.
have pos := total_gt0 (fun i => half * (u i + v i)).
have su : 0 < Num.sqrt (total u) by rewrite sqrtr_gt0.
have sv : 0 < Num.sqrt (total v) by rewrite sqrtr_gt0.
rewrite lnM ?invr_gt0 ?mulr_gt0 // lnV ?mulr_gt0 // lnM // !ln_sqrt // /half.
by field.
Qed.
End ClosedForms.

(* Cross-entropy of one label with logit u is the multinomial of one count with logits (u, 0). *)
Theorem T13_cross_entropy (F : rcfType) (exp ln : F -> F) (u v : F) (p := fun w => exp w / (1 + exp w)) :
  (forall a, 0 < exp a) -> (forall a b, exp (a + b) = exp a * exp b) ->
  (forall a b, 0 < a -> 0 < b -> ln (a * b) = ln a + ln b) ->
  2%:R^-1 * (ln (1 + exp u) + ln (1 + exp v)) - ln (1 + exp (2%:R^-1 * (u + v)))
  = - ln (Num.sqrt (p u) * Num.sqrt (p v) + Num.sqrt (1 - p u) * Num.sqrt (1 - p v)).
Proof.
move=> pos expD lnM; pose logits w (b : bool) : F := if b then w else 0.
have exp0 : exp 0 = 1 by apply: (mulfI (lt0r_neq0 (pos 0))); rewrite -expD addr0 mulr1.
have tot w : total exp (logits w) = 1 + exp w by rewrite /total big_bool /= exp0 addrC.
have := T13_multinomial pos expD lnM true 1 (logits u) (logits v).
rewrite !mul1r !mulN1r !tot big_bool /= => e.
have one w : 1 - p w = prob exp (logits w) false.
  rewrite /prob tot /= exp0 /p; have : 1 + exp w != 0 by rewrite lt0r_neq0 // ltr_paddr ?ltr01 // ltW.
  by move=> ne; field.
have two w : p w = prob exp (logits w) true by rewrite /prob tot.
rewrite !one !two -e; congr (_ - ln _).
by rewrite /total big_bool /= addr0 mulr0 exp0 addrC.
Qed.
