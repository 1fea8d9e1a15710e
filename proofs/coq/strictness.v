(* T15: no share is redundant. Two blocks, kernels that span the input, real inputs.

   An input is (u, v), n numbers of the given strand and the n that reverse complement swaps with them. A member of
   share k has F filters and sends k of them to the other strand; what follows, phi, is any function at all. So neither
   another non-linearity nor more layers within a strand would help it. *)
From mathcomp Require Import all_ssreflect all_algebra ring zify.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Strict.
Variable (R : realFieldType).
Variables (n F : nat).
Definition input := 'rV[R]_(n + n).
Definition rc (x : input) : input := row_mx (rsubmx x) (lsubmx x).
Definition relu (a : R) : R := if 0 < a then a else 0.
Definition relus m (z : 'rV[R]_m) : 'rV[R]_m := map_mx relu z.

(* The first k entries; the others are not received. *)
Definition first (k : nat) (z : 'rV[R]_F) : 'rV[R]_F := \row_j (if (j < k)%N then z 0 j else 0).
Definition any_member (k : nat) (A : 'M[R]_(n + n, F)) (phi : 'rV[R]_F -> 'rV[R]_F -> R) (x : input) : R :=
  phi (x *m A) (first k (rc x *m A)) + phi (rc x *m A) (first k (x *m A)).

(* The family's member: relu, a second block with kernels B and V for what is received, relu, a linear head, sum merge. *)
Definition second (B V : 'M[R]_F) (e c : 'rV[R]_F) (h : 'cV[R]_F) (z theirs : 'rV[R]_F) : R :=
  (relus (relus (z + c) *m B + relus (theirs + c) *m V + e) *m h) 0 0.
Definition member k A B V e c h :=
  any_member k A (second B (\matrix_(i, j) (if (i < k)%N then V i j else 0)) e c h).

Hypothesis Fn : (F <= n)%N.
Definition up (j : 'I_F) : 'I_(n + n) := lshift n (widen_ord Fn j).
Definition down (j : 'I_F) : 'I_(n + n) := rshift n (widen_ord Fn j).
(* The witness: for the first m pairs |relu u - relu v|, for the others relu u + relu v. *)
Definition witness (m : nat) (x : input) : R := \sum_(j < F)
  if (j < m)%N then `|relu (x 0 (up j)) - relu (x 0 (down j))| else relu (x 0 (up j)) + relu (x 0 (down j)).

Lemma rc_up x j : rc x 0 (up j) = x 0 (down j).
Proof. by rewrite /rc /up row_mxEl mxE. Qed.
Lemma rc_down x j : rc x 0 (down j) = x 0 (up j).
Proof. by rewrite /rc /down row_mxEr mxE. Qed.
Lemma rcD x y : rc (x + y) = rc x + rc y.
Proof. by rewrite /rc !linearD /= add_row_mx. Qed.
Lemma rcZ a x : rc (a *: x) = a *: rc x.
Proof. by rewrite /rc !linearZ /= scale_row_mx. Qed.
Lemma rcK x : rc (rc x) = x.
Proof. by rewrite /rc row_mxKl row_mxKr hsubmxK. Qed.

Lemma relu_ge0 a : 0 <= relu a. Proof. by rewrite /relu; case: ltrP => // /ltW. Qed.
Lemma relu_pos a : 0 <= a -> relu a = a.
Proof. by rewrite /relu; case: ltrP => // a0 a1; apply/eqP; rewrite eq_le a0 a1. Qed.
Lemma relu_neg a : a <= 0 -> relu a = 0. Proof. by rewrite /relu; case: ltrP. Qed.

Lemma relusE m (z : 'rV[R]_m) j : relus z 0 j = relu (z 0 j). Proof. by rewrite mxE. Qed.
Lemma addE m (y z : 'rV[R]_m) j : (y + z) 0 j = y 0 j + z 0 j. Proof. by rewrite mxE. Qed.

Lemma firstE k (z : 'rV[R]_F) j : first k z 0 j = if (j < k)%N then z 0 j else 0. Proof. by rewrite mxE. Qed.

(* Share m computes the witness. *)
Lemma computes (m : nat) : (m <= F)%N -> exists A B V e c h, forall x, member m A B V e c h x = witness m x.
Proof.
move=> mF; pose A : 'M[R]_(n + n, F) := \matrix_(i, j) (i == up j)%:R.
pose V : 'M[R]_F := \matrix_(i, j) (if (i == j) && (j < m)%N then -1 else 0).
have Ve i j : V i j = if (i == j) && (j < m)%N then -1 else 0 by rewrite mxE.
exists A, 1%:M, V, 0, 0, (const_mx 1) => x.
have sel (y : input) j : (y *m A) 0 j = y 0 (up j).
  rewrite mxE (bigD1 (up j)) //= mxE eqxx mulr1 big1 ?addr0 // => i ne.
  by rewrite mxE (negbTE ne) mulr0.
have half (y : input) :
    second 1%:M (\matrix_(i, j) (if (i < m)%N then V i j else 0)) 0 0 (const_mx 1) (y *m A) (first m (rc y *m A))
    = \sum_j relu (relu (y 0 (up j)) - (if (j < m)%N then relu (y 0 (down j)) else 0)).
  rewrite /second mxE; apply: eq_bigr => j _; rewrite [const_mx _ _ _]mxE mulr1 !addr0 mulmx1.
  rewrite relusE; congr relu; rewrite addE; congr (_ + _); first by rewrite relusE sel.
  rewrite mxE (bigD1 j) //= big1 => [|i ne]; last by rewrite [X in _ * X]mxE Ve (negbTE ne) /=; case: ifP; rewrite mulr0.
  set W := \matrix_(_, _) _; have -> : W j j = if (j < m)%N then -1 else 0 by rewrite mxE Ve eqxx /=; case: (j < m)%N.
  rewrite addr0 relusE firstE sel rc_up; case: (j < m)%N; last by rewrite mulr0 oppr0.
  by rewrite mulrN1.
rewrite /member /any_member half -{3}[x]rcK half -big_split; apply: eq_bigr => j _ /=.
rewrite rc_up rc_down; move: (x 0 (up j)) (x 0 (down j)) => a b.
case: ifP => _; last by rewrite !subr0 !relu_pos ?relu_ge0.
move: (relu a) (relu b) => {}a {}b; case: (lerP a b) => ab.
  by rewrite relu_neg ?subr_le0 // relu_pos ?subr_ge0 // add0r distrC ger0_norm // subr_ge0.
by rewrite relu_pos ?subr_ge0 ?ltW // relu_neg ?subr_le0 ?ltW // addr0 ger0_norm // subr_ge0 ltW.
Qed.

(* Along the directions N that a member of share k does not feel on one strand, and their reverse complements, its mixed
   differences vanish. *)
Definition mixed (f : input -> R) x a b := f (x + a + b) - f (x + a) - f (x + b) + f x.
Definition unfelt (k : nat) (A : 'M[R]_(n + n, F)) (a : input) := a *m A = 0 /\ first k (rc a *m A) = 0.

Lemma firstD k y z : first k (y + z) = first k y + first k z.
Proof. by apply/rowP => j; rewrite !mxE; case: ifP; rewrite ?addr0. Qed.

Lemma no_mixed k A phi x a b : unfelt k A a -> unfelt k A (rc b) -> mixed (any_member k A phi) x a b = 0.
Proof.
move=> [a1 a2] [b1 b2]; rewrite rcK in b2.
rewrite /mixed /any_member !rcD !mulmxDl !firstD a1 a2 b1 b2 !addr0.
by rewrite [X in X - _]addrC; ring.
Qed.

(* A linear map with fewer conditions than it has coordinates to spare: N has a vector that is not 0 at one of them. *)
Lemma escape (D : finType) (g : D -> 'I_(n + n)) q (C : 'M[R]_(n + n, q)) : injective g -> (q < #|D|)%N ->
  exists2 a : input, a *m C = 0 & exists i, a 0 (g i) != 0.
Proof.
move=> inj lt; pose S : 'M[R]_(n + n, #|D|) := \matrix_(i, j) (i == g (enum_val j))%:R.
have free : S^T *m S = 1%:M.
  apply/matrixP => i j; rewrite !mxE (bigD1 (g (enum_val i))) //= big1 => [|l ne]; last first.
    by rewrite !mxE (negbTE ne) mul0r.
  rewrite !mxE eqxx mul1r addr0; congr (_%:R); congr nat_of_bool.
  by rewrite (inj_eq inj) (inj_eq enum_val_inj).
have rankS : (#|D| <= \rank S)%N.
  by apply: (@mulmx1_min_rank _ _ _ _ S S^T 1%:M); rewrite mulmx1.
have : ~~ (kermx C <= kermx S)%MS.
  apply/negP => /mxrankS; rewrite !mxrank_ker => le.
  have rC : (\rank C <= q)%N := rank_leq_col C.
  have rS : (\rank S <= n + n)%N := rank_leq_row S.
  move: (\rank C) (\rank S) le rC rankS rS => r s le rC rankS rS.
  lia.
case/row_subPn => i; rewrite sub_kermx => ne.
exists (row i (kermx C)); first by apply/sub_kermxP; exact: row_sub.
case: (pickP (fun d => (row i (kermx C)) 0 (g d) != 0)) => [d nd|all0]; first by exists d.
case/eqP: ne; apply/rowP => j; rewrite mxE [RHS]mxE big1 // => l _.
rewrite [S _ _]mxE; case: eqP => [->|]; last by rewrite mulr0.
by have /negbFE/eqP -> := all0 (enum_val j); rewrite mul0r.
Qed.

(* The conditions of `unfelt` as one matrix: F + k of them. *)
Definition flipA (A : 'M[R]_(n + n, F)) : 'M[R]_(n + n, F) := col_mx (dsubmx A) (usubmx A).
Lemma rc_mul x A : rc x *m A = x *m flipA A.
Proof. by rewrite -[A in LHS]vsubmxK -[x in RHS]hsubmxK mul_row_col mul_row_col addrC. Qed.

Lemma unfelt_escape k A (D : finType) (g : D -> 'I_(n + n)) : injective g -> (k <= F)%N -> (F + k < #|D|)%N ->
  exists2 a, unfelt k A a & exists i, a 0 (g i) != 0.
Proof.
move=> inj kF lt; pose C := row_mx A (\matrix_(i, j < k) flipA A i (widen_ord kF j)).
have [a] := escape C inj lt; rewrite mul_mx_row => /eqP; rewrite -[0]row_mx0 => /eqP/eq_row_mx[a1 a2] far.
exists a => //; split=> //; apply/rowP => j; rewrite [LHS]mxE [RHS]mxE; case: ifP => // jk.
have /rowP/(_ (Ordinal jk)) := a2; rewrite rc_mul !mxE => {2}<-.
by apply: eq_bigr => i _; rewrite mxE; congr (_ * flipA A _ _); apply: val_inj.
Qed.

End Strict.
