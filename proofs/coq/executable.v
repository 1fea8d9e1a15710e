(* What the package computes, as functions that run: proved equal to the definitions that the theorems are about, for the
   operations of any ring, and extracted to OCaml, where the ring is Coq's rational numbers. Arrays are functions. *)
From Coq Require Import QArith Qreduction Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZInt.
From mathcomp Require Import all_ssreflect all_algebra ring zify.
From RC Require Import representations conjoining kernels family geometry losses.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Local Open Scope nat_scope.

Section Operations.
Variables (N : Type) (zero : N) (add mul : N -> N -> N) (opp : N -> N) (half quarter : N).

Fixpoint total (n : nat) (f : nat -> N) : N := if n is m.+1 then add (total m f) (f m) else zero.
Definition signed (minus : bool) (a : N) : N := if minus then opp a else a.
(* (R x)[c, t] = s[c] x[p[c], L-1-t] *)
Definition x_act (len : nat) (q : nat -> nat) (minus : nat -> bool) (x : nat -> nat -> N) (c t : nat) : N :=
  signed (minus c) (x (q c) (len - t.+1)).
(* V + R V *)
Definition x_tie (K : nat) (qo qi : nat -> nat) (mo mi : nat -> bool) (V : nat -> nat -> nat -> N) (o c k : nat) : N :=
  add (V o c k) (signed (mo o (+) mi c) (V (qo o) (qi c) (K - k.+1))).
Definition x_conv (ci K stride d : nat) (W : nat -> nat -> nat -> N) (x : nat -> nat -> N) (o t : nat) : N :=
  total ci (fun c => total K (fun k => mul (W o c k) (x c (addn (muln stride t) (muln d k))))).
Definition x_padded (pad len : nat) (x : nat -> nat -> N) (c u : nat) : N :=
  if (pad <= u) && (u < pad + len) then x c (u - pad) else zero.
(* A frame's own filters, then the first of the other frame, reversed. *)
Definition x_exchange (len filters : nat) (own other : nat -> nat -> N) (c t : nat) : N :=
  if c < filters then own c t else other (c - filters) (len - t.+1).
Definition x_sum (len : nat) q minus (u v : nat -> nat -> N) (c t : nat) : N := add (u c t) (x_act len q minus v c t).
Definition x_mean len q minus u v c t : N := mul half (@x_sum len q minus u v c t).
Definition x_max (le : N -> N -> bool) len q minus (u v : nat -> nat -> N) (c t : nat) : N :=
  let w := x_act len q minus v c t in if le (u c t) w then w else u c t.
(* A kernel of `filters + old` inputs as one of more: zero for the channels that were not received. *)
Definition x_embed (filters old : nat) (W : nat -> nat -> nat -> N) (o c k : nat) : N :=
  if c < filters + old then W o c k else zero.
(* Squared error of the mean, plus a times J = (u - v)^2 / 4. *)
Definition x_agreement (a u v y : N) : N :=
  let m := add (mul half (add u v)) (opp y) in let d := add u (opp v) in
  add (mul m m) (mul a (mul quarter (mul d d))).
End Operations.

(* The number of exchanged filters: round (num / den * F), a half to the even side. *)
Definition x_share (num den F : nat) : nat :=
  let q := (num * F) %/ den in let r := 2 * ((num * F) %% den) in
  if (den < r) || ((r == den) && odd q) then q.+1 else q.
Definition x_remainder (L K stride d pad : nat) : nat := remainder L K stride d pad.
Fixpoint every (n : nat) (b : nat -> bool) : bool := if n is m.+1 then every m b && b m else true.
Definition x_reads (L K stride d pad t u : nat) : bool :=
  (u < L) && ~~ every K (fun k => stride * t + d * k != u + pad).
Definition x_mirrored (L K stride d pad : nat) : bool :=
  let n := windows L K stride d pad in
  every n (fun t => every L (fun u => x_reads L K stride d pad t (L - u.+1) == x_reads L K stride d pad (n - t.+1) u)).
(* Bases in the order of one-hot rows, and the reverse complement of a sequence of them. *)
Inductive base := A | C | G | T | N.
Definition complement (b : base) : base := match b with A => T | C => G | G => C | T => A | N => N end.
Definition row (b : base) : nat := match b with A => 0 | C => 1 | G => 2 | T => 3 | N => 4 end.
Definition x_reverse_complement (s : seq base) : seq base := rev (map complement s).
Definition x_one_hot (s : seq base) (c t : nat) : bool := row (nth N s t) == c.

(* The nearest whole number, and of two the even one. *)
Theorem share_correct num den F (s := x_share num den F) : 0 < den ->
  [/\ 2 * (num * F) <= 2 * (s * den) + den, 2 * (s * den) <= 2 * (num * F) + den &
    2 * (num * F) = 2 * (s * den) + den \/ 2 * (s * den) = 2 * (num * F) + den -> ~~ odd s].
Proof.
move=> den0; rewrite /s /x_share; have := ltn_pmod (num * F) den0; have := divn_eq (num * F) den.
move: (num * F) => n; move: (n %/ den) (n %% den) => a r e lt.
case: ifP => up.
  have le : den <= 2 * r by case/orP: up => [/ltnW|/andP[/eqP ->]].
  move: e; rewrite [a.+1 * _]mulSn; move: (a * den) => b e; split; [lia | lia | move=> tie; rewrite /= negbK].
  by case/orP: up => [gt|/andP[_ //]]; exfalso; lia.
move/negbT: up; rewrite negb_or -leqNgt => /andP[le even].
move: e; move: (a * den) => b e; split; [lia | lia | move=> tie].
have tied : 2 * r = den by lia.
by move: even; rewrite tied eqxx andTb.
Qed.

Lemma everyP n b : every n b = [forall i : 'I_n, b i].
Proof.
elim: n => [|n IH] /=; first by apply/esym/forallP => -[].
rewrite IH; apply/andP/forallP => [[/forallP all last] i|all].
  case: (ltnP i n) => [lt|ge]; first exact: (all (Ordinal lt)).
  by have -> : (i : nat) = n by apply/eqP; rewrite eqn_leq ge -ltnS ltn_ord.
by split; [apply/forallP => i; have := all (widen_ord (leqnSn n) i) | have := all ord_max].
Qed.

Theorem mirrored_correct L K stride d pad : x_mirrored L K stride d pad = mirrored L K stride d pad.
Proof.
have re t u : x_reads L K stride d pad t u = reads L K stride d pad t u.
  by rewrite /x_reads /reads everyP negb_forall; congr (_ && _); apply: eq_existsb => k; rewrite negbK.
rewrite /x_mirrored everyP; apply: eq_forallb => t; rewrite everyP; apply: eq_forallb => u.
by rewrite !re.
Qed.

(* The order of bases is such that complements of one-hot rows are the Rep 2r:flip. *)
Theorem one_hot_correct (s : seq base) c t : c < 4 -> t < size s ->
  x_one_hot (x_reverse_complement s) c t = x_one_hot s (3 - c) (size s - t.+1).
Proof.
move=> c4 ts; rewrite /x_one_hot /x_reverse_complement nth_rev ?size_map // (nth_map N) ?size_map; last first.
  by rewrite ltn_subrL (leq_ltn_trans _ ts).
by case: (nth N s _); case: c c4 => [|[|[|[|]]]].
Qed.

(* Reps on ordinals, given by functions on numbers. *)
Record natrep (n : nat) := NatRep { q : nat -> nat; minus : nat -> bool;
  q_lt : forall c, c < n -> q c < n; qK : forall c, c < n -> q (q c) = c;
  sq : forall c, c < n -> minus (q c) = minus c }.
Definition lift n (r : natrep n) (c : 'I_n) : 'I_n := Ordinal (@q_lt n r c (ltn_ord c)).
Lemma liftK n (r : natrep n) : involutive (lift r).
Proof. by move=> c; apply: val_inj; rewrite /= qK. Qed.
Lemma lift_s n (r : natrep n) c : minus r (lift r c) = minus r c. Proof. by rewrite /= sq. Qed.
Definition to_rep n (r : natrep n) : rep := Rep (liftK r) (lift_s r).

Section Correct.
Import GRing.Theory.
Local Open Scope ring_scope.
Variables (R : comRingType) (ci co : nat) (ri : natrep ci) (ro : natrep co) (K M stride d L : nat).
Local Notation I := (to_rep ri). Local Notation J := (to_rep ro).
Variables (x : nat -> nat -> R) (V : nat -> nat -> nat -> R).
Let x' n : fmap R I n := fun c t => x (c : 'I_ci) t.
Let V' : kernel R I J K := fun o c k => V (o : 'I_co) (c : 'I_ci) k.

Lemma totalE n f : total 0 +%R n f = \sum_(k < n) f k :> R.
Proof. by elim: n => [|n IH]; rewrite ?big_ord0 // big_ord_recr /= -IH. Qed.
Lemma signedE b (a : R) : signed -%R b a = (-1) ^+ b * a.
Proof. by case: b; rewrite /signed ?expr1 ?expr0 ?mulN1r ?mul1r. Qed.

Theorem act_correct (c : chan I) (t : 'I_L) : act (x' (n:=L)) c t = x_act -%R L (q ri) (minus ri) x (c : 'I_ci) t.
Proof. by rewrite /x_act signedE. Qed.
Theorem conv_correct (o : chan J) (t : 'I_M.+1) :
  conv (M:=M) (stride:=stride) (d:=d) V' (@x' _) o t = x_conv 0 +%R *%R ci K.+1 stride d V x (o : 'I_co) t.
Proof. by rewrite /x_conv totalE; apply: eq_bigr => c _; rewrite totalE. Qed.
Theorem tie_correct (o : chan J) (c : chan I) k :
  V' o c k + turn V' o c k = x_tie +%R -%R K.+1 (q ro) (q ri) (minus ro) (minus ri) V (o : 'I_co) (c : 'I_ci) k.
Proof. by rewrite /x_tie signedE /turn /sg -signr_addb. Qed.

(* With padding: the taps of a window that read a position of the sequence. *)
Theorem padded_correct pad len o t :
  \sum_(c < ci) \sum_(k < K) \sum_(u < len | (stride * t + d * k == u + pad)%N) V o c k * x c u
  = x_conv 0 +%R *%R ci K stride d V (x_padded 0 pad len x) o t.
Proof.
rewrite /x_conv totalE; apply: eq_bigr => c _; rewrite totalE; apply: eq_bigr => k _; rewrite /x_padded.
move: (stride * t + d * k)%N => v; case: ifP => [/andP[ge lt]|out]; last first.
  rewrite mulr0 big_pred0 // => u; apply: contraFF out => /eqP ->.
  by rewrite leq_addl [(pad + _)%N]addnC ltn_add2r ltn_ord.
have small : (v - pad < len)%N by lia.
by rewrite (big_pred1 (Ordinal small)) // => u /=; rewrite -val_eqE /=; lia.
Qed.

(* Merges: of one strand's answer and the other's, read in the given strand. *)
Variable y : nat -> nat -> R.
Theorem sum_correct (c : chan I) (t : 'I_L) :
  y (c : 'I_ci) t + act (x' (n:=L)) c t = x_sum +%R -%R L (q ri) (minus ri) y x (c : 'I_ci) t.
Proof. by rewrite act_correct. Qed.
End Correct.

Section Merged.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.
Variables (R : realFieldType) (ci L : nat) (ri : natrep ci) (u v : nat -> nat -> R).
Local Notation I := (to_rep ri).
Let v' : fmap R I L := fun c t => v (c : 'I_ci) t.
Theorem mean_correct (c : chan I) (t : 'I_L) :
  mean (u (c : 'I_ci) t : R^o) (act v' c t) = x_mean +%R *%R -%R 2%:R^-1 L (q ri) (minus ri) u v (c : 'I_ci) t.
Proof. by rewrite act_correct. Qed.
Theorem max_correct (c : chan I) (t : 'I_L) :
  Num.max (u (c : 'I_ci) t) (act v' c t) = x_max -%R <=%R L (q ri) (minus ri) u v (c : 'I_ci) t.
Proof. by rewrite maxEle act_correct. Qed.

(* Squared error of the mean, and T13's J of the squared error. *)
Theorem agreement_correct (a b c y : R) :
  (mean (b : R^o) c - y) ^+ 2 + a * J (fun w : R^o => w ^+ 2) b c
  = x_agreement +%R *%R -%R 2%:R^-1 4%:R^-1 a b c y.
Proof. by rewrite /x_agreement /J /mean -![_ *: _]/(_ * _); field. Qed.
End Merged.

(* A block of F filters that receives the first k of the other frame: its convolution reads what was exchanged, by one
   kernel over F + k channels; and opened at a larger share it is the same kernel with zeros. *)
Section Blocks.
Import GRing.Theory.
Local Open Scope ring_scope.
Variables (R : comRingType) (F k m n : nat) (b : block R [finType of 'I_F] m n) (V : nat -> nat -> nat -> R).
Hypotheses (some : (k <= F)%N) (receives : received b =1 (fun c : 'I_F => (c < k)%N)).
Hypotheses (ownV : forall o c j, own b o c j = V o c j) (otherV : forall o c j, other b o c j = V o (F + c)%N j).

Theorem exchange_correct (mine theirs : nat -> nat -> R) o t :
  pre b (fun c s => mine c s) (fun c s => theirs c s) o t
  = \sum_(c < F + k) \sum_(j < taps b) V o c j * x_exchange m F mine theirs c (pos t j).
Proof.
rewrite big_split_ord /pre /sees; congr (_ + _).
  by apply: eq_bigr => c _; apply: eq_bigr => j _; rewrite ownV /x_exchange /= ltn_ord.
rewrite (eq_bigl _ _ receives) (big_ord_narrow some); apply: eq_bigr => c _; apply: eq_bigr => j _.
by rewrite otherV /x_exchange /flip /= ltnNge leq_addr addKn.
Qed.

Theorem embed_correct P o c j :
  own (opened P b) o c j = x_embed 0 F k V o c j /\ other (opened P b) o c j = x_embed 0 F k V o (F + c)%N j.
Proof.
rewrite /x_embed ltn_add2l ltn_addr ?ltn_ord //=; split; first exact: ownV.
by rewrite receives otherV.
Qed.
End Blocks.

(* The operations on Coq's rational numbers, kept in lowest terms. *)
Definition q_add (a b : Q) : Q := Qred (Qplus a b).
Definition q_mul (a b : Q) : Q := Qred (Qmult a b).
Definition q_opp (a : Q) : Q := Qopp a.
Definition q_half : Q := Qmake 1 2.
Definition q_quarter : Q := Qmake 1 4.
Definition q_zero : Q := Qmake 0 1.
Definition q_le (a b : Q) : bool := Qle_bool a b.
Theorem rationals_correct a b :
  [/\ Qeq (q_add a b) (Qplus a b), Qeq (q_mul a b) (Qmult a b), q_le a b <-> Qle a b,
    Qeq (q_add q_half q_half) (Qmake 1 1) & Qeq (q_add q_quarter q_quarter) q_half].
Proof. by split; rewrite ?/q_add ?/q_mul; [exact: Qred_correct | exact: Qred_correct | exact: Qle_bool_iff | | ]. Qed.
