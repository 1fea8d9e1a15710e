(* T7: where windows fall. Window t of a pool, or tap by tap of a convolution, reads the positions stride t + d k - pad
   that lie inside the sequence; padding is a value that no window tells apart (0 of a sum, minus infinity of a maximum).
   Reverse complement is harmless exactly where the windows of the two strands mirror each other. *)
From mathcomp Require Import all_ssreflect zify.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Windows.
Variables (L K stride dilation pad : nat).
Hypothesis stride_gt0 : 0 < stride.
Definition extent := dilation * K.-1 + 1.
Hypothesis fits : extent <= L + 2 * pad.
Definition room := L + 2 * pad - extent.
Definition windows := (room %/ stride).+1.
Definition remainder := room %% stride.
Definition reads (t u : nat) := (u < L) && [exists k : 'I_K, stride * t + dilation * k == u + pad].
Definition mirrored := [forall t : 'I_windows, forall u : 'I_L, reads t (L - u.+1) == reads (rev_ord t) u].

(* No remainder: every window mirrors another, whatever the padding and dilation. *)
Theorem T7_no_remainder : remainder = 0 -> mirrored.
Proof.
move=> r0; have roomE : room = stride * windows.-1.
  by rewrite /windows /= mulnC {1}(divn_eq room stride) -/remainder r0 addn0.
have flip (t : 'I_windows) u : u < L -> reads t (L - u.+1) -> reads (rev_ord t) u.
  move=> uL /andP[_ /existsP[k /eqP e]]; rewrite /reads uL /=; apply/existsP; exists (rev_ord k); apply/eqP => /=.
  have tw : t <= windows.-1 by have := ltn_ord t.
  have e1 : stride * (windows - t.+1) = room - stride * t.
    by rewrite roomE -mulnBr; congr (_ * _); rewrite /windows /=; lia.
  have e2 : dilation * (K - k.+1) = dilation * K.-1 - dilation * k.
    by rewrite -mulnBr; congr (_ * _); have := ltn_ord k; lia.
  rewrite e1 e2; have le1 : stride * t <= room by rewrite roomE leq_mul2l tw orbT.
  have le2 : dilation * k <= dilation * K.-1 by rewrite leq_mul2l; have := ltn_ord k; lia.
  move: le1 le2 fits e uL; rewrite /room /extent.
  move: (stride * t) (dilation * k) (dilation * K.-1) => a b c; lia.
apply/forallP => t; apply/forallP => u; apply/eqP; apply/idP/idP; first exact: flip.
move=> h; have uL := ltn_ord u.
have := flip (rev_ord t) (L - u.+1); rewrite rev_ordK; apply; first by lia.
by rewrite (_ : L - (L - u.+1).+1 = u) //; lia.
Qed.

(* Without padding only then. *)
Theorem T7_only_then : pad = 0 -> 0 < K -> mirrored -> remainder = 0.
Proof.
move=> p0 K0 /forallP/(_ ord0)/forallP mir.
have L0 : 0 < L by move: fits; rewrite /extent p0 muln0 addn0 addn1; apply: leq_ltn_trans.
have lt : L.-1 < L by rewrite prednK.
have := mir (Ordinal lt) => /= /eqP; rewrite prednK // subnn.
have -> : reads 0 0 by rewrite /reads L0; apply/existsP; exists (Ordinal K0); rewrite /= p0 !muln0.
move/esym/andP => [_ /existsP[k /eqP]]; rewrite /= p0 addn0 subn1 /= => e.
have rE := divn_eq room stride; rewrite -/remainder in rE.
have roomE : room = L - (dilation * K.-1 + 1) by rewrite /room /extent p0 muln0 addn0.
have le : dilation * k <= dilation * K.-1 by rewrite leq_mul2l; have := ltn_ord k; lia.
move: e rE roomE le fits; rewrite mulnC /extent p0 muln0 addn0.
move: (room %/ stride * stride) remainder (dilation * k) (dilation * K.-1) => a rem b c.
move: room => r; lia.
Qed.
Corollary T7_iff : pad = 0 -> 0 < K -> mirrored <-> remainder = 0.
Proof. by move=> p0 K0; split; [apply: T7_only_then | apply: T7_no_remainder]. Qed.

(* A pool: any function of the set of positions that a window reads, such as a maximum or a sum. It is equivariant for
   every input just where the windows mirror each other: with padding, too, and then perhaps with a remainder. *)
Definition pool (x : pred 'I_L) (t : 'I_windows) : bool := [exists u : 'I_L, reads t u && x u].
Theorem T7_pool : (forall x t, pool (fun u => x (rev_ord u)) t = pool x (rev_ord t)) <-> mirrored.
Proof.
split=> [eq|/forallP mir x t]; last first.
  apply/existsP/existsP => -[u /andP[ru xu]].
    exists (rev_ord u); rewrite xu andbT; have /forallP/(_ (rev_ord u))/eqP <- := mir t.
    by rewrite /= (_ : L - (L - u.+1).+1 = u) //; have := ltn_ord u; lia.
  exists (rev_ord u); rewrite rev_ordK xu andbT.
  by have /forallP/(_ u)/eqP /= -> := mir t.
apply/forallP => t; apply/forallP => u; have := eq (pred1 u) t.
have -> : pool (pred1 u) (rev_ord t) = reads (rev_ord t) u.
  by apply/existsP/idP => [[v /andP[rv /eqP <-]]|r] //; exists u; rewrite r /= eqxx.
move=> <-; apply/eqP; apply/idP/existsP => [r|[v /andP[rv /eqP vu]]].
  by exists (rev_ord u); rewrite /= r rev_ordK eqxx.
by rewrite -vu /= (_ : L - (L - v.+1).+1 = v) //; have := ltn_ord v; lia.
Qed.
End Windows.
