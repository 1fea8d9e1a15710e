(* T11: with a sum or mean merge, members that differ only in how a linear head mixes strands are one class. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Heads.
Variables (F : fieldType) (Z Y : lmodType F) (flip : {linear Z -> Z}) (ry : {linear Y -> Y}).
Hypotheses (flipK : involutive flip) (ryK : involutive ry).
(* A frame's answer: from its own features by h, and from the other frame's, read in its direction, by g. *)
Definition summed (h g : Z -> Y) (z0 z1 : Z) : Y :=
  (h z0 + g (flip z1)) + ry (h z1 + g (flip z0)).
Definition meaned h g z0 z1 := 2%:R^-1 *: summed h g z0 z1.

Theorem T11_one_class (h g : {linear Z -> Y}) z0 z1 :
  summed h g z0 z1 = summed (fun z => h z + ry (g (flip z))) (fun=> 0) z0 z1.
Proof.
rewrite /summed !addr0 ![ry (_ + _)]linearD /= ryK addrACA [RHS]addrACA; congr (_ + _).
exact: addrC.
Qed.

(* A stranded head h in each frame is the tied head: half of it on the own frame, half reversed on the other. *)
Theorem T11_head_splits (h : {linear Z -> Y}) z0 z1 : (2%:R : F) != 0 ->
  summed h (fun=> 0) z0 z1 =
  summed (fun z => 2%:R^-1 *: h z) (fun z => 2%:R^-1 *: ry (h (flip z))) z0 z1.
Proof.
move=> two; rewrite /summed !addr0 !flipK ![ry (_ + _)]linearD ![ry (_ *: _)]linearZ /= ryK.
have half (y : Y) : y = 2%:R^-1 *: y + 2%:R^-1 *: y.
  by rewrite -scalerDr -mulr2n -scaler_nat scalerA mulVf ?scale1r.
by rewrite [X in _ = _ + X]addrC addrACA -!half.
Qed.

Theorem T11_sum_is_mean_doubled h g z0 z1 : (2%:R : F) != 0 -> summed h g z0 z1 = 2%:R *: meaned h g z0 z1.
Proof. by move=> two; rewrite /meaned scalerA divff ?scale1r. Qed.
End Heads.
