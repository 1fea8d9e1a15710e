(* T2: for no padding and aligned length, the kernel constraint is necessary and sufficient. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RC Require Import representations.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Kernel.
Variables (R : comRingType) (I J : rep).          (* input and output Reps *)
Variables (M K stride d : nat).                   (* M+1 windows, K+1 taps *)
Hypothesis d_gt0 : (0 < d)%N.
Definition L := (stride * M + d * K)%N.             (* the length is L+1: no remainder *)

Lemma pos_ltn (t : 'I_M.+1) (k : 'I_K.+1) : (stride * t + d * k < L.+1)%N.
Proof. by rewrite ltnS leq_add // leq_mul2l -ltnS ltn_ord orbT. Qed.
Definition pos t k : 'I_L.+1 := Ordinal (pos_ltn t k).

Lemma rev_pos t k : rev_ord (pos t k) = pos (rev_ord t) (rev_ord k).
Proof.
apply: val_inj; rewrite /= /L !subSS.
have := ltn_ord t; have := ltn_ord k; rewrite !ltnS => hk ht.
apply/eqP; rewrite -(eqn_add2r (stride * t + d * k)) subnK ?leq_add ?leq_mul //.
by rewrite addnACA -!mulnDr !subnK.
Qed.

Lemma pos_inj0 k k' : (pos ord0 k == pos ord0 k') = (k == k').
Proof. by rewrite -!val_eqE /= !muln0 !add0n eqn_pmul2l. Qed.

Definition kernel := chan J -> chan I -> 'I_K.+1 -> R.
Definition conv (W : kernel) (x : fmap R I L.+1) : fmap R J M.+1 :=
  fun o t => \sum_c \sum_k W o c k * x c (pos t k).

Definition obeys (W : kernel) := forall o c k, W o c k = sg R o * sg R c * W (p o) (p c) (rev_ord k).
Definition equivariant (W : kernel) := forall x o t, conv W (act x) o t = act (conv W x) o t.

Lemma sufficient W : obeys W -> equivariant W.
Proof.
move=> law x o t; rewrite /act /conv mulr_sumr (reindex_inj (inv_inj (@pK I))) /=.
apply: eq_bigr => c _; rewrite mulr_sumr (reindex_inj rev_ord_inj) /=.
apply: eq_bigr => k _; rewrite law !sgp pK rev_ordK rev_pos rev_ordK.
by rewrite -!mulrA; congr (_ * _); rewrite mulrCA; congr (_ * _); rewrite mulrA sgsg mul1r.
Qed.

Definition impulse c0 k0 : fmap R I L.+1 := fun c u => ((c == c0) && (u == pos ord0 k0))%:R.

Lemma conv_impulse W c0 k0 o : conv W (impulse c0 k0) o ord0 = W o c0 k0.
Proof.
rewrite /conv (bigD1 c0) //= [X in _ + X]big1 => [|c ne]; last first.
  by rewrite big1 // => k _; rewrite /impulse (negbTE ne) mulr0.
rewrite addr0 (bigD1 k0) //= [X in _ + X]big1 => [|k ne]; last first.
  by rewrite /impulse pos_inj0 (negbTE ne) andbF mulr0.
by rewrite addr0 /impulse !eqxx mulr1.
Qed.

Lemma conv_turned_impulse W c0 k0 o :
  conv W (act (impulse c0 k0)) o (rev_ord ord0) = sg R c0 * W o (p c0) (rev_ord k0).
Proof.
rewrite /conv (bigD1 (p c0)) //= [X in _ + X]big1 => [|c ne]; last first.
  rewrite big1 // => k _; rewrite /act /impulse.
  by rewrite (can2_eq (@pK I) (@pK I)) (negbTE ne) !mulr0.
rewrite addr0 (bigD1 (rev_ord k0)) //= [X in _ + X]big1 => [|k ne]; last first.
  rewrite /act /impulse rev_pos rev_ordK pos_inj0 (can2_eq (@rev_ordK _) (@rev_ordK _)) (negbTE ne).
  by rewrite andbF !mulr0.
by rewrite addr0 /act /impulse pK rev_pos !rev_ordK !eqxx mulr1 sgp mulrC.
Qed.

Lemma necessary W : equivariant W -> obeys W.
Proof.
move=> eq o c k; have := eq (act (impulse c k)) o ord0.
have -> : conv W (act (act (impulse c k))) o ord0 = conv W (impulse c k) o ord0.
  by apply: eq_bigr => e _; apply: eq_bigr => j _; rewrite T1_involution.
by rewrite conv_impulse /act -/(act _) => ->; rewrite -/(act (impulse c k)) conv_turned_impulse mulrA.
Qed.

Theorem T2_equivariant_iff_tied W : equivariant W <-> obeys W.
Proof. by split; [apply: necessary | apply: sufficient]. Qed.

(* Projection: V + R V obeys the law for every V, and every tied kernel is one (with V = W/2). *)
Definition turn (W : kernel) : kernel := fun o c k => sg R o * sg R c * W (p o) (p c) (rev_ord k).
Lemma turnK W o c k : turn (turn W) o c k = W o c k.
Proof. by rewrite /turn !sgp !pK rev_ordK mulrA mulrACA !sgsg !mul1r. Qed.
Theorem T2_tied_by_projection (V : kernel) : obeys (fun o c k => V o c k + turn V o c k).
Proof.
move=> o c k; rewrite -[_ * _ * (_ + _)]/(_ * _ * (_ + _)) mulrDr addrC; congr (_ + _).
by rewrite -{1}(turnK V).
Qed.
End Kernel.

(* RCPS is complete: every equivariant kernel is the projection of one. *)
Theorem T2_complete (F : fieldType) (I J : rep) (K : nat) (W : kernel F I J K) : (2%:R : F) != 0 -> obeys W ->
  exists V : kernel F I J K, forall o c k, W o c k = V o c k + turn V o c k.
Proof.
move=> two law; exists (fun o c k => 2%:R^-1 * W o c k) => o c k.
have -> : turn (fun o c k => 2%:R^-1 * W o c k) o c k = 2%:R^-1 * W o c k by rewrite law /turn mulrCA.
by rewrite -mulrDl -mulr2n -mulr_natl divff ?mul1r.
Qed.
