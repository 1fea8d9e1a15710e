(* T2, the dimension formula: the kernel's entries are themselves a Rep, tied kernels are its fixed vectors, and
   T1 counts them. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From RC Require Import representations.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* Fixed vectors of any Rep are determined by, and freely given by, their values on pairs and trivial channels. *)
Section Fixed.
Variables (R : fieldType) (V : rep).
Hypothesis two : (2%:R : R) != 0.
Definition fixed_vector (x : chan V -> R) := forall c, x c = sg R c * x (p c).

Lemma fixed_sign x c : fixed_vector x -> p c == c -> sgn c -> x c = 0.
Proof.
move=> fx /eqP pc sc; have := fx c; rewrite pc /sg sc expr1 mulN1r => e.
apply/eqP; have : 2%:R * x c == 0 by rewrite mulr_natl mulr2n {1}e addNr.
by rewrite mulf_eq0 (negbTE two).
Qed.

Theorem T2_determined x y : fixed_vector x -> fixed_vector y ->
  (forall a : pairs V, x (val a) = y (val a)) -> (forall a : trivials V, x (val a) = y (val a)) ->
  forall c, x c = y c.
Proof.
move=> fx fy onp ont c; have /or3P[lo|up|fix_c] := trichotomy c.
- exact: (onp (exist _ c lo)).
- by rewrite -lower_p in up; rewrite fx fy (onp (exist _ (p c) up)).
- case s: (sgn c); first by rewrite !fixed_sign.
  have q : (p c == c) && ~~ sgn c by rewrite fix_c s.
  exact: (ont (exist _ c q)).
Qed.

Definition value (v : pairs V + trivials V -> R) (c : chan V) : R :=
  if (insub c : option (pairs V)) is Some a then v (inl a)
  else if (insub (p c) : option (pairs V)) is Some a then sg R c * v (inl a)
  else if (insub c : option (trivials V)) is Some a then v (inr a) else 0.

Theorem T2_free v : exists x, [/\ fixed_vector x, forall a : pairs V, x (val a) = v (inl a)
  & forall a : trivials V, x (val a) = v (inr a)].
Proof.
have nolow (c : chan V) : lower c -> ~~ lower (p c).
  by rewrite lower_p /lower /upper => a; rewrite -leqNgt ltnW.
have nofix (c : chan V) : p c == c -> ~~ lower c by rewrite /lower => /eqP ->; rewrite ltnn.
have no (c : chan V) : ~~ lower c -> (insub c : option (pairs V)) = None by move=> n; rewrite insubN.
have yes (c : chan V) (a : lower c) : (insub c : option (pairs V)) = Some (exist _ c a) by rewrite insubT.
exists (value v); split.
- move=> c; rewrite /value pK; have /or3P[lo|up|fx] := trichotomy c.
  + by rewrite (yes c lo) (no (p c) (nolow c lo)) sgp mulrA sgsg mul1r.
  + rewrite -lower_p in up; have n : ~~ lower c by rewrite -[c]pK nolow.
    by rewrite (no c n) (yes (p c) up).
  + rewrite (eqP fx) (no c (nofix c fx)).
    case s: (sgn c); last by rewrite /sg s mul1r.
    by rewrite insubF ?mulr0 // s andbF.
- by move=> [a la]; rewrite /value /= (yes a la).
- move=> [a fa]; rewrite /value /=; have /andP[fx s] := fa.
  by rewrite (eqP fx) (no a (nofix a fx)) insubT.
Qed.
End Fixed.

(* The entries of a kernel as a Rep. *)
Section Entries.
Variables (In Out : rep) (K : nat).
Definition entry : finType := [finType of (chan Out * chan In * 'I_K)%type].
Definition mirror (e : entry) : entry := (p e.1.1, p e.1.2, rev_ord e.2).
Definition entry_sign (e : entry) : bool := sgn e.1.1 (+) sgn e.1.2.
Lemma mirrorK : involutive mirror. Proof. by move=> [[o c] k]; rewrite /mirror /= !pK rev_ordK. Qed.
Lemma mirror_sign e : entry_sign (mirror e) = entry_sign e. Proof. by rewrite /entry_sign /= !sgnp. Qed.
Definition entries := Rep mirrorK mirror_sign.

(* A tied kernel is a fixed vector of it. *)
Theorem T2_tied_is_fixed (R : fieldType) (W : chan entries -> R) :
  fixed_vector W <-> (forall o c k, W (o, c, k) = sg R o * sg R c * W (p o, p c, rev_ord k)).
Proof.
rewrite /fixed_vector /sg /=; split=> [h o c k|h [[o c] k]]; first by rewrite h /= signr_addb.
by rewrite h /= signr_addb.
Qed.

Definition t_of (V : rep) := #|{: trivials V}|.
Definition s_of (V : rep) := #|{: signs V}|.

Lemma fixed_tap (k : 'I_K) : (rev_ord k == k) = (k.*2.+1 == K).
Proof.
rewrite -val_eqE /= -(eqn_add2r k.+1) subnK ?ltn_ord // addnS addnn eq_sym; exact: erefl.
Qed.

Lemma central : #|[pred k : 'I_K | rev_ord k == k]| = odd K.
Proof.
case oK: (odd K); last first.
  rewrite eq_card0 // => k; rewrite !inE fixed_tap; apply/negbTE/negP => /eqP e.
  by move: oK; rewrite -e /= odd_double.
have lt : (K./2 < K)%N by rewrite -{2}(odd_double_half K) oK add1n ltnS -addnn leq_addr.
rewrite (@eq_card1 _ (Ordinal lt)) // => k; rewrite !inE fixed_tap -val_eqE /=.
transitivity (k.*2.+1 == (K./2).*2.+1); last by rewrite eqSS (inj_eq double_inj).
by congr (_ == _); rewrite -[LHS](odd_double_half K) oK.
Qed.

Lemma count_split (P : pred (chan Out)) (Q : pred (chan In)) (T : pred 'I_K) :
  #|[pred e : entry | [&& P e.1.1, Q e.1.2 & T e.2]]| = (#|P| * #|Q| * #|T|)%N.
Proof.
rewrite -!cardX; apply: eq_card => [[[o c] k]]; rewrite !inE /=.
by rewrite andbA.
Qed.

Lemma fixed_plus : t_of entries = ((t_of Out * t_of In + s_of Out * s_of In) * odd K)%N.
Proof.
rewrite /t_of /s_of !card_sig -central mulnDl -!count_split -cardUI addnC.
rewrite [X in (X + _)%N]eq_card0 => [|[[o c] k]]; last first.
  by rewrite !inE /=; case: (sgn o); rewrite ?andbF ?andbT // ?andbF.
apply: eq_card => [[[o c] k]]; rewrite !inE /= /mirror /entry_sign /= !xpair_eqE.
by case: (sgn o); case: (sgn c); case: (p o == o); case: (p c == c); case: (rev_ord k == k).
Qed.

Lemma fixed_minus : s_of entries = ((t_of Out * s_of In + s_of Out * t_of In) * odd K)%N.
Proof.
rewrite /t_of /s_of !card_sig -central mulnDl -!count_split -cardUI addnC.
rewrite [X in (X + _)%N]eq_card0 => [|[[o c] k]]; last first.
  by rewrite !inE /=; case: (sgn o); rewrite ?andbF ?andbT // ?andbF.
apply: eq_card => [[[o c] k]]; rewrite !inE /= /mirror /entry_sign /= !xpair_eqE.
by case: (sgn o); case: (sgn c); case: (p o == o); case: (p c == c); case: (rev_ord k == k).
Qed.

(* The number of free entries, times two, over the integers: the formula of T2. *)
Theorem T2_dimension :
  (2 * (#|{: pairs entries}| + #|{: trivials entries}|))%:Z =
  (#|chan Out| * #|chan In| * K)%:Z
    + ((t_of Out)%:Z - (s_of Out)%:Z) * ((t_of In)%:Z - (s_of In)%:Z) * (odd K)%:Z.
Proof.
have := T1_count entries; rewrite -/(t_of entries) -/(s_of entries) fixed_plus fixed_minus.
rewrite !card_prod card_ord => ->.
rewrite !PoszD !PoszM !PoszD !PoszM; ring.
Qed.
End Entries.
