(* T4: the family between conjoined and RCPS, a trunk of any depth that runs on two frames.

   A block receives some of the other strand's filters, and then does anything that is a function of one frame: bias,
   normalisation, any non-linearity, pooling, a skip. Lengths are types, so that no position lies outside; features are
   equal where they agree at every channel and position (=2), so that no axiom of extensionality is needed. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RC Require Import representations conjoining.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Features.
Variables (R : comRingType) (C : finType).        (* the filters of one strand *)

Definition feat n := C -> 'I_n -> R.
Definition flip n (z : feat n) : feat n := fun c t => z c (rev_ord t).
Definition frames n := (feat n * feat n)%type.
Definition swap n (z : frames n) : frames n := (z.2, z.1).
Definition same n (z w : frames n) := z.1 =2 w.1 /\ z.2 =2 w.2.

Lemma flipK n (z : feat n) : flip (flip z) =2 z. Proof. by move=> c t; rewrite /flip rev_ordK. Qed.

(* `pos t k` is the position that tap k of window t reads: any stride and dilation. *)
Record block (m n : nat) := Block {
  windows : nat; taps : nat;
  pos : 'I_windows -> 'I_taps -> 'I_m;
  received : pred C;
  own : C -> C -> 'I_taps -> R;
  other : C -> C -> 'I_taps -> R;
  post : feat windows -> feat m -> feat n;
  post_ext : forall u u' v v', u =2 u' -> v =2 v' -> post u v =2 post u' v' }.
Arguments post {m n} b u v : rename.
Arguments own {m n} b o c k : rename.
Arguments other {m n} b o c k : rename.

Definition sees m n (b : block m n) (W : C -> C -> 'I_(taps b) -> R) (P : pred C) (z : feat m) : feat (windows b) :=
  fun o t => \sum_(c | P c) \sum_k W o c k * z c (pos t k).
Arguments sees [m n] b W P z.
Definition pre m n (b : block m n) (mine theirs : feat m) : feat (windows b) :=
  fun o t => sees b (own b) predT mine o t + sees b (other b) (received b) (flip theirs) o t.
Arguments pre [m n] b mine theirs.
Definition step m n (b : block m n) (z : frames m) : frames n :=
  (post b (pre b z.1 z.2) z.1, post b (pre b z.2 z.1) z.2).
(* The same block on one strand alone. *)
Definition alone m n (b : block m n) (z : feat m) : feat n := post b (sees b (own b) predT z) z.

Inductive trunk : nat -> nat -> Type :=
  | Done n : trunk n n
  | Then m n p : block m n -> trunk n p -> trunk m p.

Fixpoint run m n (bs : trunk m n) : frames m -> frames n :=
  match bs with Done _ => id | Then _ _ _ b bs => fun z => run bs (step b z) end.
Fixpoint run_alone m n (bs : trunk m n) : feat m -> feat n :=
  match bs with Done _ => id | Then _ _ _ b bs => fun z => run_alone bs (alone b z) end.
Fixpoint conjoined m n (bs : trunk m n) : Prop :=
  match bs with Done _ => True | Then _ _ _ b bs => received b =1 pred0 /\ conjoined bs end.

Theorem T4_equivariant m n (bs : trunk m n) z : run bs (swap z) = swap (run bs z).
Proof. by elim: bs z => //= {}m k {}n b bs IH z; rewrite -IH. Qed.

Lemma sees_ext m n (b : block m n) W P z w : z =2 w -> sees b W P z =2 sees b W P w.
Proof. by move=> e o t; apply: eq_bigr => c _; apply: eq_bigr => k _; rewrite e. Qed.

Lemma pre_ext m n (b : block m n) u u' v v' : u =2 u' -> v =2 v' -> pre b u v =2 pre b u' v'.
Proof.
move=> eu ev o t; rewrite /pre (sees_ext _ _ eu); congr (_ + _); apply: sees_ext => c s.
by rewrite /flip ev.
Qed.

Lemma step_ext m n (b : block m n) z w : same z w -> same (step b z) (step b w).
Proof. by case=> e1 e2; split; apply: post_ext => //; apply: pre_ext. Qed.

Lemma run_ext m n (bs : trunk m n) z w : same z w -> same (run bs z) (run bs w).
Proof. by elim: bs z w => //= {}m k {}n b bs IH z w e; apply/IH/step_ext. Qed.

Lemma alone_ext m n (b : block m n) z w : z =2 w -> alone b z =2 alone b w.
Proof. by move=> e; apply: post_ext => //; apply: sees_ext. Qed.

Lemma run_alone_ext m n (bs : trunk m n) z w : z =2 w -> run_alone bs z =2 run_alone bs w.
Proof. by elim: bs z w => //= {}m k {}n b bs IH z w e; apply/IH/alone_ext. Qed.

Lemma same_sym n (z w : frames n) : same z w -> same w z.
Proof. by case=> a b; split=> c t. Qed.
Lemma same_trans n (z w v : frames n) : same z w -> same w v -> same z v.
Proof. by move=> [a b] [c d]; split=> i t; rewrite ?a ?b ?c ?d. Qed.

(* A trunk that receives nothing runs each strand by itself. *)
Theorem T4_share_zero m n (bs : trunk m n) z : conjoined bs ->
  same (run bs z) (run_alone bs z.1, run_alone bs z.2).
Proof.
elim: bs z => [|{}m k {}n b bs IH] z //= [r0 rest].
have e u v : pre b u v =2 sees b (own b) predT u.
  by move=> o t; rewrite /pre [X in _ + X]big_pred0 ?addr0 // => c; rewrite r0.
apply: same_trans (IH (alone b z.1, alone b z.2) rest).
by apply: run_ext; split; apply: post_ext.
Qed.

(* The same block with weights, all zero, for more of the other strand's filters. *)
Definition opened m n (P : pred C) (b : block m n) : block m n :=
  @Block m n (windows b) (taps b) (@pos _ _ b) (predU (received b) P) (own b)
    (fun o c k => if received b c then other b o c k else 0) (post b) (@post_ext _ _ b).
(* Each block of a trunk has its own share: P 0, P 1, ... *)
Fixpoint embed m n (P : nat -> pred C) (bs : trunk m n) : trunk m n :=
  match bs with Done _ => Done _ | Then _ _ _ b bs => Then (opened (P 0%N) b) (embed (fun i => P i.+1) bs) end.

Theorem T4_nested m n (bs : trunk m n) P z : same (run (embed P bs) z) (run bs z).
Proof.
elim: bs P z => [|{}m k {}n b bs IH] P z //=.
suff e u v : pre (opened (P 0%N) b) u v =2 pre b u v.
  by apply: (same_trans (IH _ _)); apply: run_ext; split; apply: post_ext; rewrite // /step /=.
move=> o t; congr (_ + _); rewrite /sees /= [LHS](bigID (received b)) /= addrC big1 ?add0r.
  apply: eq_big => [c|c /andP[_ rc]]; last by apply: eq_bigr => j _; rewrite rc.
  by rewrite andbC; case: (received b c).
by move=> c /andP[_ /negbTE rc]; rewrite big1 // => j _; rewrite rc mul0r.
Qed.

Corollary T4_conjoined_in_rcps m n (bs : trunk m n) z : conjoined bs ->
  same (run (embed (fun _ => predT) bs) z) (run_alone bs z.1, run_alone bs z.2).
Proof. by move=> none; apply: same_trans (T4_nested _ _ _) (T4_share_zero _ none). Qed.
End Features.
Arguments post {R C m n} b u v.
Arguments own {R C m n} b o c k.
Arguments other {R C m n} b o c k.
Arguments sees {R C m n} b W P z.
Arguments pre {R C m n} b mine theirs.
Arguments alone {R C m n} b z.

(* A trunk of F filters per strand is an ordinary trunk of 2F filters, which holds (z0, flip z1). *)
Section Doubled.
Variables (R : comRingType) (C : finType).
Local Notation feat := (feat R C). Local Notation wide := (family.feat R (sum_finType C C)).

Definition halves n (u v : feat n) : wide n := fun c => match c with inl c => u c | inr c => v c end.
Definition left n (w : wide n) : feat n := fun c => w (inl c).
Definition right n (w : wide n) : feat n := fun c => w (inr c).

(* Windows that coincide on both strands (T7), and what follows done alike in either direction of reading. *)
Definition symmetric m n (b : block R C m n) :=
  (forall t k, pos (b := b) (rev_ord t) (rev_ord k) = rev_ord (pos t k)) /\
  (forall u v, post b (flip u) (flip v) =2 flip (post b u v)).
Fixpoint all_symmetric m n (bs : trunk R C m n) : Prop :=
  match bs with Done _ => True | Then _ _ _ b bs => symmetric b /\ all_symmetric bs end.

Definition wide_kernel m n (b : block R C m n) (o c : C + C) (k : 'I_(taps b)) : R :=
  let heard o c k := if received b c then other b o c k else 0 in
  match o, c with
  | inl o, inl c => own b o c k | inl o, inr c => heard o c k
  | inr o, inr c => own b o c (rev_ord k) | inr o, inl c => heard o c (rev_ord k)
  end.
Definition wide_post m n (b : block R C m n) (u : wide (windows b)) (v : wide m) : wide n :=
  halves (post b (left u) (left v)) (post b (right u) (right v)).
Lemma wide_post_ext m n (b : block R C m n) u u' v v' : u =2 u' -> v =2 v' ->
  wide_post (b := b) u v =2 wide_post u' v'.
Proof. by move=> eu ev [c|c] t; apply: post_ext => d s; rewrite ?/left ?/right ?eu ?ev. Qed.
Definition doubled m n (b : block R C m n) : block R (sum_finType C C) m n :=
  @Block _ (sum_finType C C) m n (windows b) (taps b) (@pos _ _ _ _ b) pred0 (@wide_kernel _ _ b) (fun _ _ _ => 0)
    (@wide_post _ _ b) (@wide_post_ext _ _ b).
Fixpoint all_doubled m n (bs : trunk R C m n) : trunk R (sum_finType C C) m n :=
  match bs with Done _ => Done _ _ _ | Then _ _ _ b bs => Then (doubled b) (all_doubled bs) end.

Definition joined n (z : frames R C n) : wide n := halves z.1 (flip z.2).

Lemma sum_halves (f : C + C -> R) : \sum_c f c = \sum_c f (inl c) + \sum_c f (inr c).
Proof. by rewrite big_sumType. Qed.

Lemma doubled_step m n (b : block R C m n) z : symmetric b ->
  alone (doubled b) (joined z) =2 joined (step b z).
Proof.
move=> [mirrored alike].
have heard W (w : feat m) o t : sees b W (received b) w o t =
    \sum_c \sum_k (if received b c then W o c k else 0) * w c (pos t k).
  rewrite /sees big_mkcond; apply: eq_bigr => c _; case: (received b c) => //.
  by rewrite big1 // => k _; rewrite mul0r.
have turn (W : C -> C -> 'I_(taps b) -> R) (w : feat m) o t :
    \sum_c \sum_k W o c (rev_ord k) * w c (pos t k) = \sum_c \sum_k W o c k * w c (rev_ord (pos (rev_ord t) k)).
  apply: eq_bigr => c _; rewrite (reindex_inj rev_ord_inj) /=; apply: eq_bigr => k _.
  by rewrite rev_ordK -mirrored rev_ordK.
move=> [o|o] t; rewrite /alone /joined /= /wide_post /=.
  apply: post_ext => // c s; rewrite /left /sees /= sum_halves /= /pre; congr (_ + _).
  by rewrite heard; apply: eq_bigr.
rewrite -[RHS]alike; apply: post_ext => // c s; rewrite /right /sees /= sum_halves /= /pre addrC.
congr (_ + _).
  rewrite (turn (own b) (flip z.2)); apply: eq_bigr => d _; apply: eq_bigr => k _.
  by rewrite /flip rev_ordK.
by rewrite heard (turn (fun o c k => if received b c then other b o c k else 0)).
Qed.

Theorem T4_doubled m n (bs : trunk R C m n) z : all_symmetric bs ->
  run_alone (all_doubled bs) (joined z) =2 joined (run bs z).
Proof.
elim: bs z => [|{}m k {}n b bs IH] z //= [sym rest] c t.
by rewrite -(IH _ rest); apply: run_alone_ext (doubled_step _ sym) c t.
Qed.

(* With a first layer, which reads the input in Rep V, any head and any merge: the member as a whole is the conjoined
   model of an ordinary network with twice the filters. *)
Variables (V : rep) (m n windows0 K : nat) (pos0 : 'I_windows0 -> 'I_K -> 'I_m).
Variables (W : C -> chan V -> 'I_K -> R) (post0 : feat windows0 -> feat n).
Hypotheses (post0_ext : forall u v, u =2 v -> post0 u =2 post0 v)
  (post0_flip : forall u, post0 (flip u) =2 flip (post0 u))
  (mirrored0 : forall t k, pos0 (rev_ord t) (rev_ord k) = rev_ord (pos0 t k)).
Local Notation input := (fmap R V m).
Definition reads (U : C -> chan V -> 'I_K -> R) (x : input) : feat windows0 :=
  fun o t => \sum_c \sum_k U o c k * x c (pos0 t k).
Definition opened_input (x : input) : frames R C n := (post0 (reads W x), post0 (reads W (act x))).
Definition reversed (o : C) (c : chan V) (k : 'I_K) : R := sg R c * W o (p c) (rev_ord k).
Definition wide_input (x : input) : wide n := halves (post0 (reads W x)) (post0 (reads reversed x)).

Lemma reads_reversed x : reads reversed x =2 flip (reads W (act x)).
Proof.
move=> o t; rewrite /flip /reads (reindex_inj (inv_inj (@pK V))) /=; apply: eq_bigr => c _.
rewrite (reindex_inj rev_ord_inj) /=; apply: eq_bigr => k _.
by rewrite /reversed /act pK sgp rev_ordK -mirrored0 !rev_ordK mulrA [sg R c * _]mulrC.
Qed.

Lemma wide_input_joined x : wide_input x =2 joined (opened_input x).
Proof.
move=> [c|c] t //=; rewrite -[RHS]post0_flip; apply: post0_ext; exact: reads_reversed.
Qed.

(* The member, and the ordinary network: any head, with any merge of what it says of both strands. *)
Variables (l : nat) (bs : trunk R C n l) (Y : Type) (ry : Y -> Y) (merge : Y -> Y -> Y) (head : feat l -> Y).
Hypothesis head_ext : forall u v, u =2 v -> head u = head v.
Definition member (x : input) : Y :=
  let z := run bs (opened_input x) in merge (head z.1) (ry (head z.2)).
Definition wide_network (x : input) : Y := head (left (run_alone (all_doubled bs) (wide_input x))).

Theorem T4_rcps_in_conjoined x : all_symmetric bs ->
  member x = merge (wide_network x) (ry (wide_network (act x))).
Proof.
move=> sym; have half y : wide_network y = head (run bs (opened_input y)).1.
  apply: head_ext => c t; rewrite /left (run_alone_ext _ (wide_input_joined y)).
  by rewrite (T4_doubled _ sym).
rewrite /member !half; congr (merge _ (ry _)).
have e : same (opened_input (act x)) (swap (opened_input x)).
  split=> //= c t; apply: post0_ext => {}c {}t.
  by apply: eq_bigr => d _; apply: eq_bigr => k _; rewrite T1_involution.
by apply: head_ext => c t; have [<- _] := run_ext bs (same_sym e); rewrite T4_equivariant.
Qed.
End Doubled.
