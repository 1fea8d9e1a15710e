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
have half' := half (rc x); rewrite rcK in half'.
rewrite /member /any_member half half' -big_split; apply: eq_bigr => j _ /=.
rewrite rc_up rc_down; move: (x 0 (up j)) (x 0 (down j)) => a b.
case: ifP => _; last by rewrite !subr0 (relu_pos (relu_ge0 a)) (relu_pos (relu_ge0 b)).
move: (relu a) (relu b) => {}a {}b; case: (lerP a b) => ab.
  by rewrite relu_neg ?subr_le0 // relu_pos ?subr_ge0 // add0r.
by rewrite relu_pos ?subr_ge0 ?ltW // relu_neg ?subr_le0 ?ltW // addr0.
Qed.

(* Along the directions N that a member of share k does not feel on one strand, and their reverse complements, its mixed
   differences vanish. *)
Definition mixed (f : input -> R) x a b := f (x + (a + b)) - f (x + a) - f (x + b) + f x.
Definition unfelt (k : nat) (A : 'M[R]_(n + n, F)) (a : input) := a *m A = 0 /\ first k (rc a *m A) = 0.

Lemma firstD k y z : first k (y + z) = first k y + first k z.
Proof. by apply/rowP => j; rewrite !mxE; case: ifP; rewrite ?addr0. Qed.

Lemma first0 k : first k 0 = 0. Proof. by apply/rowP => j; rewrite !mxE; case: ifP. Qed.

Lemma no_mixed k A phi x a b : unfelt k A a -> unfelt k A (rc b) -> mixed (any_member k A phi) x a b = 0.
Proof.
move=> [a1 a2] [b1 b2]; rewrite rcK in b2.
rewrite /mixed /any_member !rcD !mulmxDl !firstD a1 a2 b1 b2 !first0 !addr0 !add0r.
by ring.
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

Lemma unfeltZ k A a s : unfelt k A a -> unfelt k A (s *: a).
Proof.
move=> [a1 a2]; split; first by rewrite -scalemxAl a1 scaler0.
by rewrite rcZ -scalemxAl; apply/rowP => j; have /rowP/(_ j) := a2; rewrite !mxE; case: ifP => // _ ->; rewrite mulr0.
Qed.

(* The conditions of `unfelt` as one matrix: F + k of them. *)
Definition flipA (A : 'M[R]_(n + n, F)) : 'M[R]_(n + n, F) := col_mx (dsubmx A) (usubmx A).
Lemma rc_mul x A : rc x *m A = x *m flipA A.
Proof. by rewrite -[A in LHS]vsubmxK -[x in RHS]hsubmxK mul_row_col mul_row_col addrC. Qed.

Definition conditions k (A : 'M[R]_(n + n, F)) (kF : (k <= F)%N) : 'M[R]_(n + n, F + k) :=
  row_mx A (\matrix_(i, j) flipA A i (widen_ord kF j)).
Lemma unfeltE k A (kF : (k <= F)%N) a : unfelt k A a <-> a *m conditions A kF = 0.
Proof.
have entry j : (a *m \matrix_(i, j) flipA A i (widen_ord kF j)) 0 j = (rc a *m A) 0 (widen_ord kF j).
  by rewrite rc_mul [LHS]mxE [RHS]mxE; apply: eq_bigr => i _; rewrite [X in _ * X]mxE.
rewrite mul_mx_row -[X in _ <-> _ = X]row_mx0; split=> [[-> a2]|/eq_row_mx[a1 a2]].
  congr row_mx; apply/rowP => j; rewrite entry [RHS]mxE.
  by have /rowP/(_ (widen_ord kF j)) := a2; rewrite firstE /= ltn_ord [X in _ = X]mxE.
split=> //; apply/rowP => j; rewrite firstE [RHS]mxE; case: ifP => // jk.
have /rowP/(_ (Ordinal jk)) := a2; rewrite entry [X in _ = X -> _]mxE => <-; congr ((_ *m _) 0 _).
exact: val_inj.
Qed.

(* Whether every unfelt direction is 0 at entry i. *)
Definition dead k A (kF : (k <= F)%N) i := [forall r, kermx (conditions A kF) r i == 0].
Lemma deadP k A (kF : (k <= F)%N) i a : dead A kF i -> unfelt k A a -> a 0 i = 0.
Proof.
move=> /forallP all0 /unfeltE - /(_ kF) /sub_kermxP /submxP[D ->].
by rewrite mxE big1 // => r _; rewrite (eqP (all0 r)) mulr0.
Qed.
Lemma alive k A (kF : (k <= F)%N) i : ~~ dead A kF i -> exists2 a, unfelt k A a & 0 < a 0 i.
Proof.
rewrite negb_forall => /existsP[r ne]; pose a : input := row r (kermx (conditions A kF)).
have ua : unfelt k A a by apply/(unfeltE A kF)/sub_kermxP/row_sub.
have na : a 0 i != 0 by rewrite mxE.
case: (ltrgtP 0 (a 0 i)) na => // lt _; first by exists a.
by exists (- 1 *: a); [apply: unfeltZ | rewrite mxE mulN1r oppr_gt0].
Qed.

(* Steps so small that no entry moves by more than 1 in all. *)
Definition small (a b : input) : R := (1 + \sum_i `|a 0 i| + \sum_i `|b 0 i|)^-1.
Lemma small_gt0 a b : 0 < small a b.
Proof. by rewrite invr_gt0 -addrA ltr_paddr // addr_ge0 ?sumr_ge0. Qed.
Lemma small_bound a b i : `|(small a b *: a) 0 i| + `|(small a b *: b) 0 i| <= 1.
Proof.
have s0 := small_gt0 a b; rewrite !mxE !normrM (gtr0_norm s0) -mulrDr.
rewrite /small ler_pdivr_mull ?mulr1; last by rewrite -addrA ltr_paddr // addr_ge0 ?sumr_ge0.
rewrite -addrA ler_paddl // ler_add // (bigD1 i) //= ler_addl; exact: sumr_ge0.
Qed.

(* One pair at a base point where its two functions bend, all the others where they are straight. *)
Definition base (j : 'I_F) (u v : R) : input :=
  \row_i if i == up j then u else if i == down j then v else if (i < n)%N then 3%:R else 6%:R.
Lemma up_inj : injective up. Proof. by move=> i j /lshift_inj /(congr1 val) /= e; apply: val_inj. Qed.
Lemma down_inj : injective down. Proof. by move=> i j /rshift_inj /(congr1 val) /= e; apply: val_inj. Qed.
Lemma base_up j u v : base j u v 0 (up j) = u. Proof. by rewrite mxE eqxx. Qed.
Lemma base_down j u v : base j u v 0 (down j) = v.
Proof. by rewrite mxE [down j == up j]eq_sym eq_lrshift eqxx. Qed.
Lemma base_others j u v i : i != j -> base j u v 0 (up i) = 3%:R /\ base j u v 0 (down i) = 6%:R.
Proof.
move=> ne; rewrite !mxE (inj_eq up_inj) (inj_eq down_inj) (negbTE ne) eq_lrshift.
rewrite [down i == up j]eq_sym eq_lrshift; split; case: ifP => //=.
  by move=> /negbT; rewrite -leqNgt /= => le; have := leq_trans (leq_trans (ltn_ord i) Fn) le; rewrite ltnn.
by rewrite ltnNge leq_addr.
Qed.

Definition pair_of (m j : nat) (u v : R) : R :=
  if (j < m)%N then `|relu u - relu v| else relu u + relu v.
Definition mixed2 (f : R -> R -> R) u v a b c d := f (u + (a + c)) (v + (b + d)) - f (u + a) (v + b) - f (u + c) (v + d) + f u v.

Lemma mixed_witness m x a b : mixed (witness m) x a b = \sum_(j < F)
  mixed2 (pair_of m j) (x 0 (up j)) (x 0 (down j)) (a 0 (up j)) (a 0 (down j)) (b 0 (up j)) (b 0 (down j)).
Proof.
rewrite /mixed /witness -!sumrN -!big_split /=; apply: eq_bigr => j _.
by rewrite /mixed2 /pair_of !addE.
Qed.

(* Shifts by at most 1. *)
Definition tame (p : R) := `|p| <= 1.
Lemma tames a c : `|a| + `|c| <= 1 -> [/\ tame a, tame c & tame (a + c)].
Proof.
move=> h; have h' := le_trans (ler_norm_add a c) h.
by split=> //; apply: le_trans h; rewrite ?ler_addl ?ler_addr.
Qed.
Lemma above p : tame p -> 0 <= 3%:R + p.
Proof.
rewrite /tame ler_norml => /andP[lo _]; rewrite -ler_subl_addr sub0r ler_oppl; apply: le_trans lo.
by rewrite ler_opp2 ler1n.
Qed.
Lemma above0 : 0 <= 3%:R :> R. Proof. exact: ler0n. Qed.
Lemma ordered p q : tame p -> tame q -> 3%:R + p <= 6%:R + q.
Proof.
rewrite /tame !ler_norml => /andP[_ hi] /andP[lo _].
apply: (@le_trans _ _ (3%:R + 1)); first by rewrite ler_add2l.
by apply: (@le_trans _ _ (6%:R - 1)); [rewrite ler_subr_addr -addrA -[1 + 1]/(2%:R : R) -natrD ler_nat | rewrite ler_add2l].
Qed.
Lemma ordered0 : 3%:R <= 6%:R :> R. Proof. by rewrite ler_nat. Qed.
Lemma below p : tame p -> - 3%:R + p <= 0.
Proof.
rewrite /tame ler_norml => /andP[_ hi]; rewrite addrC subr_le0; apply: le_trans hi _.
by rewrite ler1n.
Qed.

Lemma straight m j a b c d : `|a| + `|c| <= 1 -> `|b| + `|d| <= 1 ->
  mixed2 (pair_of m j) 3%:R 6%:R a b c d = 0.
Proof.
move=> /tames[ta tc tac] /tames[tb td tbd].
have line u v : 0 <= u -> u <= v -> pair_of m j u v = if (j < m)%N then v - u else u + v.
  move=> u0 uv; rewrite /pair_of !relu_pos ?(le_trans u0 uv) //; case: ifP => // _.
  by rewrite distrC ger0_norm // subr_ge0.
rewrite /mixed2 !line ?above ?ordered ?above0 ?ordered0 //.
by case: ifP => _; ring.
Qed.

(* A bend of |u - v| on one side of which a goes and on the other b; and a bend of relu u where v is far below 0. *)
Lemma bend_difference (m j : nat) a b c d : (j < m)%N -> 0 < a - b -> c - d < 0 ->
  `|a| + `|c| <= 1 -> `|b| + `|d| <= 1 -> mixed2 (pair_of m j) 3%:R 3%:R a b c d != 0.
Proof.
move=> jm ab cd /tames[ta tc tac] /tames[tb td tbd].
have flat u v : 0 <= u -> 0 <= v -> pair_of m j u v = `|u - v| by move=> u0 v0; rewrite /pair_of jm !relu_pos.
rewrite /mixed2 !flat ?above ?above0 //.
have -> : 3%:R + (a + c) - (3%:R + (b + d)) = (a - b) + (c - d) :> R by ring.
have -> : 3%:R + a - (3%:R + b) = a - b :> R by ring.
have -> : 3%:R + c - (3%:R + d) = c - d :> R by ring.
rewrite subrr normr0 addr0 (gtr0_norm ab) (ltr0_norm cd); move: (a - b) (c - d) ab cd => e f e0 f0.
rewrite lt_eqF // subr_lt0 ltr_subl_addr ltr_norml opprD opprK; apply/andP; split.
  by rewrite [e + f]addrC ltr_add2l (lt_trans _ e0) // oppr_lt0.
by rewrite [- f + e]addrC ltr_add2l (lt_trans f0) // oppr_gt0.
Qed.

Lemma bend_relu (m j : nat) a b c d : 0 < a -> c < 0 -> `|a| + `|c| <= 1 -> `|b| + `|d| <= 1 ->
  mixed2 (pair_of m j) 0 (- 3%:R) a b c d != 0.
Proof.
move=> a0 c0 /tames[ta tc tac] /tames[tb td tbd].
have flat u v : v <= 0 -> pair_of m j u v = relu u.
  by move=> v0; rewrite /pair_of (relu_neg v0) subr0 addr0 ger0_norm ?relu_ge0 //; case: ifP.
rewrite /mixed2 !flat ?below ?oppr_le0 ?above0 //.
rewrite !add0r (relu_pos (ltW a0)) (relu_neg (ltW c0)) (relu_neg (lexx 0)) lt_eqF // subr0 addr0 subr_lt0.
by rewrite /relu; case: ifP => // _; rewrite gtr_addl.
Qed.

(* Two directions that do not feel each other's strand, and cross the bend of pair j to either side. *)
Lemma bend m (j : 'I_F) u v (a b : input) :
  (forall s, 0 < s -> (forall i, `|(s *: a) 0 i| + `|(s *: b) 0 i| <= 1) ->
    mixed2 (pair_of m j) u v (s * a 0 (up j)) (s * a 0 (down j)) (s * b 0 (up j)) (s * b 0 (down j)) != 0) ->
  exists s x, mixed (witness m) x (s *: a) (s *: b) != 0.
Proof.
move=> ne; exists (small a b), (base j u v); rewrite mixed_witness (bigD1 j) //= big1 => [|i ij].
  by rewrite addr0 base_up base_down !mxE; apply: ne; [apply: small_gt0 | apply: small_bound].
by have [-> ->] := base_others u v ij; apply: straight; apply: small_bound.
Qed.

Lemma no_member k m A phi : (k < m)%N -> (m <= F)%N -> ~ any_member k A phi =1 witness m.
Proof.
move=> km mF eq.
have flat x a b : unfelt k A a -> unfelt k A (rc b) -> mixed (witness m) x a b = 0.
  by move=> ha hb; rewrite -(no_mixed phi x ha hb) /mixed -!eq.
have flat_bend (j : 'I_F) u v (a b : input) : unfelt k A a -> unfelt k A (rc b) ->
    ~ (forall s, 0 < s -> (forall i, `|(s *: a) 0 i| + `|(s *: b) 0 i| <= 1) ->
       mixed2 (pair_of m j) u v (s * a 0 (up j)) (s * a 0 (down j)) (s * b 0 (up j)) (s * b 0 (down j)) != 0).
  move=> ha hb /bend[s [x]]; rewrite flat ?eqxx //; first exact: unfeltZ.
  by rewrite rcZ; apply: unfeltZ.
(* On unfelt directions u_j = v_j for j < m ... *)
have equal (j : 'I_F) a : (j < m)%N -> unfelt k A a -> a 0 (up j) = a 0 (down j).
  move=> jm; wlog lt : a / a 0 (down j) < a 0 (up j) => [wl ha|ha].
    case: (ltrgtP (a 0 (down j)) (a 0 (up j))) => // gt; first exact: wl.
    have := wl (- 1 *: a); rewrite !mxE !mulN1r ltr_opp2 => /(_ gt (unfeltZ _ ha)) /oppr_inj; exact.
  have hb : unfelt k A (rc (rc a)) by rewrite rcK.
  case: (@flat_bend j 3%:R 3%:R a (rc a)) => // s s0 le; apply: bend_difference => //.
  - by rewrite -mulrBr mulr_gt0 // subr_gt0.
  - by rewrite rc_up rc_down -mulrBr pmulr_rlt0 // subr_lt0.
  - by have := le (up j); rewrite !mxE.
  - by have := le (down j); rewrite !mxE.
(* ... and u_j = 0 on all of them, or v_j = 0 on all of them. *)
have kF : (k <= F)%N := leq_trans (ltnW km) mF.
have vanish (j : 'I_F) : dead A kF (up j) || dead A kF (down j).
  case: (boolP (dead A kF (up j))) => //= /alive[a ha a0]; apply/negPn/negP => /alive[b hb b0].
  have hb' : unfelt k A (rc (rc (- 1 *: b))) by rewrite rcK; apply: unfeltZ.
  case: (@flat_bend j 0 (- 3%:R) a (rc (- 1 *: b)) ha hb') => s s0 le; apply: bend_relu.
  - exact: mulr_gt0.
  - by rewrite rc_up mxE mulN1r mulrN oppr_lt0 mulr_gt0.
  - by have := le (up j); rewrite !mxE.
  - by have := le (down j); rewrite !mxE.
(* So F + m entries are 0, and only F + k conditions made them so. *)
pose g (d : 'I_m + 'I_F) : 'I_(n + n) := match d with
  | inl j => down (widen_ord mF j) | inr j => if dead A kF (up j) then up j else down j end.
have both (j : 'I_F) a : (j < m)%N -> unfelt k A a -> a 0 (up j) = 0 /\ a 0 (down j) = 0.
  move=> jm ha; have e := equal j a jm ha.
  by have /orP[/deadP z|/deadP z] := vanish j; [rewrite -e | rewrite e]; rewrite (z _ ha).
have deadI i : (forall a, unfelt k A a -> a 0 i = 0) -> dead A kF i.
  by move=> z; apply/negPn/negP => /alive[a /z ->]; rewrite ltxx.
have all0 d a : unfelt k A a -> a 0 (g d) = 0.
  case: d => j ha /=; first by have [] := both (widen_ord mF j) a (ltn_ord j) ha.
  case: ifP => dj; first exact: deadP dj ha.
  by have := vanish j; rewrite dj /= => z; exact: deadP z ha.
have inj : injective g.
  move=> [i|i] [j|j] /=.
  - by move=> /down_inj /(congr1 val) /= e; congr inl; apply: val_inj.
  - case: ifP => [_ /eqP|dj /down_inj e]; first by rewrite eq_sym eq_lrshift.
    by move: dj; rewrite -e => /negP[]; apply: deadI => a ha; have [] := both (widen_ord mF i) a (ltn_ord i) ha.
  - case: ifP => [_ /eqP|dj /down_inj e]; first by rewrite eq_lrshift.
    by move: dj; rewrite e => /negP[]; apply: deadI => a ha; have [] := both (widen_ord mF j) a (ltn_ord j) ha.
  - case: ifP => _; case: ifP => _.
    + by move=> /up_inj ->.
    + by move/eqP; rewrite eq_lrshift.
    + by move/eqP; rewrite eq_sym eq_lrshift.
    + by move=> /down_inj ->.
have [|a /(unfeltE A kF) ha [d]] := @escape _ g _ (conditions A kF) inj; last by rewrite all0 ?eqxx.
by rewrite card_sum !card_ord addnC ltn_add2r.
Qed.

(* Every share k < m leaves out a function that share m has: no share is redundant. *)
Theorem T15_no_share_is_redundant k m : (k < m)%N -> (m <= F)%N ->
  exists f : input -> R,
    (exists A B V e c h, member m A B V e c h =1 f) /\ (forall A phi, ~ any_member k A phi =1 f).
Proof.
move=> km mF; exists (witness m); split; first exact: computes.
by move=> A phi; apply: no_member.
Qed.

End Strict.
