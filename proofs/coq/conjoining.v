(* T3, T16, T18: conjoining any function, over any spaces.

   rx and ry are reverse complement of inputs and outputs; f is any function, and a merge any symmetric function of two
   answers that commutes with ry. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Conjoin.
Variables (F : fieldType) (X : Type) (rx : X -> X) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry) (two : (2%:R : F) != 0).
Definition equivariant (f : X -> Y) := forall x, f (rx x) = ry (f x).
Definition conjoin (m : Y -> Y -> Y) (f : X -> Y) (x : X) : Y := m (f x) (ry (f (rx x))).
Definition mean (u v : Y) := 2%:R^-1 *: (u + v).

Theorem T3_equivariant m f : (forall u v, m u v = m v u) -> (forall u v, m (ry u) (ry v) = ry (m u v)) ->
  equivariant (conjoin m f).
Proof. by move=> sym com x; rewrite /conjoin rxK -com ryK sym. Qed.

Lemma meanC u v : mean u v = mean v u. Proof. by rewrite /mean addrC. Qed.
Lemma mean_ry u v : mean (ry u) (ry v) = ry (mean u v). Proof. by rewrite /mean [ry (_ *: _)]linearZ [ry (_ + _)]linearD. Qed.
Lemma mean_id u : mean u u = u.
Proof. by rewrite /mean -mulr2n -scaler_nat scalerA mulVf ?scale1r. Qed.

Corollary T3_mean f : equivariant (conjoin mean f).
Proof. exact: T3_equivariant meanC mean_ry. Qed.
Theorem T3_fixes f : equivariant f -> forall x, conjoin mean f x = f x.
Proof. by move=> eq x; rewrite /conjoin eq ryK mean_id. Qed.
Corollary T3_idempotent f x : conjoin mean (conjoin mean f) x = conjoin mean f x.
Proof. exact/T3_fixes/T3_mean. Qed.
Theorem T3_linear a f g x :
  conjoin mean (fun x => a *: f x + g x) x = a *: conjoin mean f x + conjoin mean g x.
Proof.
rewrite /conjoin /mean [ry (_ + _)]linearD [ry (_ *: _)]linearZ /= scalerA [a * _]mulrC -scalerA.
by rewrite -[RHS]scalerDr; congr (_ *: _); rewrite scalerDr addrACA.
Qed.
End Conjoin.

(* Nearest: for ANY expectation E, that is a linear functional on functions of x, unchanged by x -> R x: sums,
   integrals against any RC-symmetric measure, empirical means. And any symmetric bilinear form on Y unchanged by R. *)
Section Nearest.
Variables (F : realFieldType) (X : Type) (rx : X -> X) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry).
Variables (dot : Y -> Y -> F).
Hypotheses (dotDl : forall u v w, dot (u + v) w = dot u w + dot v w)
  (dotZl : forall a u w, dot (a *: u) w = a * dot u w) (dotC : forall u v, dot u v = dot v u)
  (dotR : forall u v, dot (ry u) (ry v) = dot u v).
Variable (E : (X -> F) -> F).
Hypotheses (Eext : forall f g, f =1 g -> E f = E g) (ED : forall f g, E (fun x => f x + g x) = E f + E g)
  (EZ : forall a f, E (fun x => a * f x) = a * E f) (ER : forall f, E (fun x => f (rx x)) = E f).
Let two : (2%:R : F) != 0. Proof. by rewrite pnatr_eq0. Qed.
Let conj := conjoin rx ry (@mean F Y).
Definition gap2 (f g : X -> Y) := E (fun x => dot (f x - g x) (f x - g x)).

Lemma dotBr u v w : dot w (u - v) = dot w u - dot w v.
Proof. by rewrite dotC dotDl -scaleN1r dotZl mulN1r !(dotC w). Qed.

Lemma cross f g : equivariant rx ry g -> E (fun x => dot (f x - conj f x) (g x)) = 0.
Proof.
move=> eq; pose h x := 2%:R^-1 * (dot (f x) (g x) - dot (ry (f (rx x))) (g x)).
have -> : E (fun x => dot (f x - conj f x) (g x)) = E h.
  apply: Eext => x; rewrite /h /conj /conjoin /mean dotC dotBr [dot _ (_ *: _)]dotC dotZl dotDl !(dotC (g x)).
  move: (dot (f x) (g x)) (dot (ry _) _) => a b.
  have e : a = 2%:R^-1 * (a + a) by rewrite -mulr2n -(mulr_natl a 2) mulrA mulVf ?mul1r.
  by rewrite {1}e -mulrBr opprD addrACA subrr add0r.
rewrite /h EZ ED.
have -> : E (fun x => - dot (ry (f (rx x))) (g x)) = - E (fun x => dot (f x) (g x)).
  rewrite -(mulN1r (E _)) -EZ -[RHS]ER; apply: Eext => x; rewrite mulN1r eq.
  by rewrite -{1}(ryK (g x)) dotR.
by rewrite subrr mulr0.
Qed.

Theorem T3_pythagoras f h : equivariant rx ry h -> gap2 f h = gap2 f (conj f) + gap2 (conj f) h.
Proof.
move=> eq; set g := conj f.
have eg : equivariant rx ry (fun x => g x - h x).
  by move=> x; rewrite /g /conj (T3_mean rxK ryK) eq linearB.
have c0 := cross f eg; rewrite /gap2.
have -> : E (fun x => dot (f x - h x) (f x - h x)) =
  E (fun x => dot (f x - g x) (f x - g x) + (2%:R * dot (f x - g x) (g x - h x) + dot (g x - h x) (g x - h x))).
  apply: Eext => x; have -> : f x - h x = (f x - g x) + (g x - h x) by rewrite addrA subrK.
  move: (f x - g x) (g x - h x) => u v.
  rewrite dotDl [dot u (u + v)]dotC [dot v (u + v)]dotC !dotDl [dot v u]dotC.
  by rewrite mulr2n mulrDl !mul1r !addrA.
by rewrite !ED EZ c0 mulr0 add0r.
Qed.

Hypothesis Epos : forall f, (forall x, 0 <= f x) -> 0 <= E f.
Hypothesis dotpos : forall u, 0 <= dot u u.
Corollary T3_nearest f h : equivariant rx ry h -> gap2 f (conj f) <= gap2 f h.
Proof. by move=> eq; rewrite (T3_pythagoras f eq) ler_addl; apply: Epos => x. Qed.

Lemma conj_gap f x : f x - conj f x = 2%:R^-1 *: (f x - ry (f (rx x))).
Proof.
rewrite /conj /conjoin /mean; have {1}-> : f x = 2%:R^-1 *: (f x + f x).
  by rewrite -mulr2n -scaler_nat scalerA mulVf ?scale1r.
by rewrite -scalerBr opprD addrACA subrr add0r.
Qed.

(* T16 for any equivariant target h: what conjoining takes away from the mean squared error. *)
Theorem T16_worth f h : equivariant rx ry h ->
  gap2 f h - gap2 (conj f) h = 4%:R^-1 * E (fun x => dot (f x - ry (f (rx x))) (f x - ry (f (rx x)))).
Proof.
move=> eq; rewrite (T3_pythagoras f eq) addrK -EZ; apply: Eext => x.
rewrite conj_gap dotZl dotC dotZl mulrA; congr (_ * _).
by rewrite -invfM -natrM.
Qed.
End Nearest.

(* T16 with labels that hold noise: examples are pairs (x, y), whose distribution reverse complement of both leaves
   unchanged. The label is then an equivariant function of the example. *)
Section Noisy.
Variables (F : realFieldType) (X : Type) (rx : X -> X) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry).
Variables (dot : Y -> Y -> F).
Hypotheses (dotDl : forall u v w, dot (u + v) w = dot u w + dot v w)
  (dotZl : forall a u w, dot (a *: u) w = a * dot u w) (dotC : forall u v, dot u v = dot v u)
  (dotR : forall u v, dot (ry u) (ry v) = dot u v).
Variable (E : (X * Y -> F) -> F).
Hypotheses (Eext : forall f g, f =1 g -> E f = E g) (ED : forall f g, E (fun e => f e + g e) = E f + E g)
  (EZ : forall a f, E (fun e => a * f e) = a * E f) (ER : forall f, E (fun e => f (rx e.1, ry e.2)) = E f).
Let conj := conjoin rx ry (@mean F Y).
Definition risk (f : X -> Y) := E (fun e => dot (f e.1 - e.2) (f e.1 - e.2)).

Theorem T16_risk f : risk f - risk (conj f)
  = 4%:R^-1 * E (fun e => dot (f e.1 - ry (f (rx e.1))) (f e.1 - ry (f (rx e.1)))).
Proof.
pose re e := (rx e.1, ry e.2) : X * Y; have reK : involutive re by move=> [x y]; rewrite /re /= rxK ryK.
by have := @T16_worth F _ re Y ry reK ryK dot dotDl dotZl dotC dotR E Eext ED EZ ER (fun e => f e.1) snd (fun _ => erefl).
Qed.
End Noisy.

(* T18: in any norm that R leaves unchanged, conjoining takes no f farther from an equivariant h. So where a class of
   functions comes as near to an equivariant target as one likes, so does the class of its conjoined functions. *)
Section Nonexpansive.
Variables (F : realFieldType) (X : Type) (rx : X -> X) (Y : lmodType F) (ry : {linear Y -> Y}).
Hypotheses (rxK : involutive rx) (ryK : involutive ry).
Let conj := conjoin rx ry (@mean F Y).
Variable N : (X -> Y) -> F.
Hypotheses (Next : forall f g, f =1 g -> N f = N g) (Nadd : forall f g, N (fun x => f x + g x) <= N f + N g)
  (Nscale : forall f, N (fun x => 2%:R^-1 *: f x) = 2%:R^-1 * N f) (NR : forall f, N (fun x => ry (f (rx x))) = N f).
Let two : (2%:R : F) != 0. Proof. by rewrite pnatr_eq0. Qed.
Theorem T18_nonexpansive f h : equivariant rx ry h -> N (fun x => conj f x - h x) <= N (fun x => f x - h x).
Proof.
move=> eq; pose d x := f x - h x.
have -> : N (fun x => conj f x - h x) = 2%:R^-1 * N (fun x => d x + ry (d (rx x))).
  rewrite -Nscale; apply: Next => x; rewrite /conj /conjoin /mean /d eq linearB ryK /= addrACA -opprD.
  by rewrite scalerBr -[h x + h x]mulr2n -[h x *+ 2]scaler_nat scalerA mulVf ?scale1r.
have := Nadd d (fun x => ry (d (rx x))); rewrite NR -/d => le.
rewrite -(ler_pmul2l (_ : 0 < 2%:R)) ?ltr0n // mulrA mulfV // mul1r.
by apply: le_trans le _; rewrite mulr2n mulrDl mul1r.
Qed.

Corollary T18_universal (class : (X -> Y) -> Prop) h : equivariant rx ry h ->
  (forall eps, 0 < eps -> exists2 f, class f & N (fun x => f x - h x) < eps) ->
  forall eps, 0 < eps -> exists2 f, class f & N (fun x => conj f x - h x) < eps.
Proof.
move=> eq near eps /near [f cf lt]; exists f => //.
exact: le_lt_trans (T18_nonexpansive f eq) lt.
Qed.
End Nonexpansive.

