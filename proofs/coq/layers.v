(* T6, T8, T9, T12: what may stand between convolutions, for any Rep and length. *)
From mathcomp Require Import all_ssreflect all_algebra ring zify.
From RC Require Import representations kernels.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* T6: a function of each number by itself. On channels of sign +1, paired or not, any function will do. *)
Section Pointwise.
Variables (R : comRingType) (V : rep) (L : nat).
Definition pointwise (phi : R -> R) (x : fmap R V L) : fmap R V L := fun c t => phi (x c t).

Theorem T6_pointwise phi : (0 < L)%N ->
  (forall x, pointwise phi (act x) =2 act (pointwise phi x)) <->
  (forall c : chan V, sgn c -> forall a, phi (- a) = - phi a).
Proof.
move=> L0; split=> [eq c sc a|odd x c t].
  have := eq (fun _ _ => a) c (Ordinal L0); rewrite /pointwise /act /sg sc expr1 !mulN1r; exact: id.
rewrite /pointwise /act /sg; case s: (sgn c); last by rewrite !mul1r.
by rewrite !mulN1r; apply: odd s _.
Qed.
End Pointwise.

(* T9: a crop of l positions on the left and r on the right. In frames any crop is alike (T14). *)
Section Crop.
Variables (R : comRingType) (V : rep) (l n r : nat).
Lemma inside (t : 'I_n) : (l + t < l + n + r)%N.
Proof. by rewrite -addnA ltn_add2l ltn_addr. Qed.
Definition crop (x : fmap R V (l + n + r)) : fmap R V n := fun c t => x c (Ordinal (inside t)).

Theorem T9_crop (c0 : chan V) : (0 < n)%N -> (forall x, crop (act x) =2 act (crop x)) <-> l = r.
Proof.
move=> n0; split=> [eq|e x c t]; last first.
  by rewrite /crop /act; congr (_ * x _ _); apply: val_inj => /=; have := ltn_ord t; lia.
pose u0 := Ordinal (inside (Ordinal n0)).
pose x : fmap R V (l + n + r) := fun c u => sg R c * (u == rev_ord u0)%:R.
have := eq x c0 (Ordinal n0); rewrite /crop /act /x -/u0 eqxx sgp !mulrA sgsg !mul1r.
move=> e; case: (eqVneq l r) => // ne; exfalso; move: e.
suff -> : (Ordinal (inside (rev_ord (Ordinal n0))) == rev_ord u0) = false.
  by move/eqP; rewrite oner_eq0.
rewrite -val_eqE /=; apply/negbTE/eqP; lia.
Qed.
End Crop.

(* T8: normalisation with given statistics, and with those of the batch, pooled over each pair. *)
Section Norm.
Variables (R : fieldType) (V : rep) (L : nat).
Local Notation fmap := (fmap R V L).

(* Eval mode: an affine map of each channel, scale * x + shift. *)
Definition affine (scale shift : chan V -> R) (x : fmap) : fmap := fun c t => scale c * x c t + shift c.
Theorem T8_eval_mode scale shift : (0 < L)%N ->
  (forall x, affine scale shift (act x) =2 act (affine scale shift x)) <->
  (forall c, scale (p c) = scale c /\ shift c = sg R c * shift (p c)).
Proof.
move=> L0; split=> [eq c|tied x c t]; last first.
  have [sc sh] := tied c; rewrite /affine /act sh mulrDr; congr (_ + _).
  by rewrite sc mulrCA.
have sh : shift c = sg R c * shift (p c).
  by have := eq (fun _ _ => 0) c (Ordinal L0); rewrite /affine /act !mulr0 !add0r.
split=> //; have := eq (fun _ _ => 1) c (Ordinal L0); rewrite /affine /act !mulr1 mulrDr -sh => /addIr.
by rewrite [scale c * _]mulrC => /(congr1 ( *%R (sg R c))); rewrite !mulrA sgsg !mul1r.
Qed.

(* Train mode: the mean and the mean square of a channel and its partner, over a batch of any size. *)
Variable B : finType.
Definition batch := B -> fmap.
Definition turn (some : pred B) (x : batch) : batch := fun b => if some b then act (x b) else x b.
Definition tied_sum (f : R -> R) (odd : bool) (x : batch) (c : chan V) : R :=
  \sum_b \sum_t (f (x b c t) + sg R c ^+ odd * f (x b (p c) t)).
Definition tied_mean (x : batch) c := tied_sum id true x c / (2 * #|B| * L)%:R.
Definition tied_square (x : batch) c := tied_sum (fun a => a * a) false x c / (2 * #|B| * L)%:R.
(* `inverse` is one over the root of the variance and a small number, or anything else of both statistics. *)
Variables (inverse : R -> R) (scale shift : chan V -> R).
Definition batch_norm (x : batch) : batch := fun b c t =>
  scale c * ((x b c t - tied_mean x c) * inverse (tied_square x c - tied_mean x c ^+ 2)) + shift c.

Lemma tied_sum_turn f (odd : bool) some x c : (forall a, f (sg R c * a) = sg R c ^+ odd * f a) ->
  tied_sum f odd (turn some x) c = tied_sum f odd x c.
Proof.
move=> fs; apply: eq_bigr => b _; rewrite /turn; case: (some b) => //.
rewrite (reindex_inj rev_ord_inj) /=; apply: eq_bigr => t _.
by rewrite /act rev_ordK sgp pK !fs mulrA -exprMn sgsg expr1n mul1r addrC.
Qed.

Lemma tied_partner f (odd : bool) x c : tied_sum f odd x (p c) = sg R c ^+ odd * tied_sum f odd x c.
Proof.
rewrite /tied_sum mulr_sumr; apply: eq_bigr => b _; rewrite mulr_sumr; apply: eq_bigr => t _.
by rewrite pK sgp mulrDr mulrA -exprMn sgsg expr1n mul1r addrC.
Qed.

Theorem T8_train_mode : (forall c, scale (p c) = scale c /\ shift c = sg R c * shift (p c)) ->
  forall some x b, batch_norm (turn some x) b =2 turn some (batch_norm x) b.
Proof.
move=> tied some x b c t.
have m : tied_mean (turn some x) c = tied_mean x c by rewrite /tied_mean tied_sum_turn // => a; rewrite expr1.
have q : tied_square (turn some x) c = tied_square x c.
  by rewrite /tied_square tied_sum_turn // => a; rewrite expr0 mul1r mulrACA sgsg mul1r.
rewrite /batch_norm m q /turn; case: (some b) => //; rewrite /act.
have [sc sh] := tied c.
have mp : tied_mean x (p c) = sg R c * tied_mean x c by rewrite /tied_mean tied_partner expr1 mulrA.
have qp : tied_square x (p c) = tied_square x c by rewrite /tied_square tied_partner expr0 mul1r.
have sq : (sg R c * tied_mean x c) ^+ 2 = tied_mean x c ^+ 2 by rewrite exprMn [sg R c ^+ 2]expr2 sgsg mul1r.
rewrite qp mp sq sc mulrDr -sh; congr (_ + _).
by rewrite [RHS]mulrCA; congr (_ * _); rewrite mulrA mulrBr mulrA sgsg mul1r.
Qed.
End Norm.

(* T12: a layer gain * conv + b is conv + b with another kernel; where the gain is a unit, and conversely. *)
Section Gain.
Variables (R : fieldType) (I J : rep) (M K stride d : nat) (gain : R).
Theorem T12_gain (W : kernel R I J K) x o t :
  gain * conv (M := M) (stride := stride) (d := d) W x o t = conv (fun o c k => gain * W o c k) x o t.
Proof.
rewrite /conv mulr_sumr; apply: eq_bigr => c _; rewrite mulr_sumr; apply: eq_bigr => k _; exact: mulrA.
Qed.
Corollary T12_gain_is_no_other_model (W : kernel R I J K) : gain != 0 ->
  exists W', forall x o t, gain * conv (M := M) (stride := stride) (d := d) W' x o t = conv W x o t.
Proof.
move=> g0; exists (fun o c k => gain^-1 * W o c k) => x o t; rewrite T12_gain.
by apply: eq_bigr => c _; apply: eq_bigr => k _; rewrite mulrA divff // mul1r.
Qed.
End Gain.
