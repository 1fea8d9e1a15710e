(* T14: any block. Two frames of any kind of features; a block is any function of a frame's own features and the other
   frame's. A U-Net, a skip over blocks and a residual tower are compositions: features may be tuples of features. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RC Require Import representations family.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition turned X (z : X * X) : X * X := (z.2, z.1).
(* g for the given strand's frame, h for the other's. *)
Definition apart X Y (g h : X -> X -> Y) (z : X * X) : Y * Y := (g z.1 z.2, h z.2 z.1).
Definition alike X Y (g : X -> X -> Y) := apart g g.

Inductive network : Type -> Type -> Type :=
  | Input X : network X X
  | After X Y Z : network X Y -> (Y -> Y -> Z) -> network X Z.
Fixpoint runs X Y (net : network X Y) : X * X -> Y * Y :=
  match net with Input _ => id | After _ _ _ net g => fun z => alike g (runs net z) end.

Theorem T14_equivariant X Y (net : network X Y) z : runs net (turned z) = turned (runs net z).
Proof. by elim: net z => // {}X {}Y Z net IH g z /=; rewrite IH. Qed.

(* What position encodings, masks, dropout and norms must obey: the same in both frames, and nothing else. *)
Theorem T14_only_alike X Y (g h : X -> X -> Y) :
  (forall z, apart g h (turned z) = turned (apart g h z)) <-> (forall u w, g u w = h u w).
Proof.
split=> [eq u w|e z]; last by rewrite /apart /= !e.
by have := eq (w, u); rewrite /apart /turned /= => -[].
Qed.

(* A site receives linearly: what it computes from its own frame, plus V of the channels P of the other frame. *)
Section Sites.
Variables (R : comRingType) (C D : finType) (n : nat).
Local Notation feat := (feat R C n).
Definition map_of := D -> C -> R.                 (* a linear map of the channels at each position *)
Definition apply (W : map_of) (P : pred C) (z : feat) : family.feat R D n := fun d t => \sum_(c | P c) W d c * z c t.
Definition receives (M V : map_of) (P : pred C) (own theirs : feat) : family.feat R D n :=
  fun d t => apply M predT own d t + apply V P (flip theirs) d t.

Theorem T14_embeds_ordinary M V P own theirs : (forall d c, V d c = 0) ->
  receives M V P own theirs =2 apply M predT own.
Proof. by move=> v0 d t; rewrite /receives [X in _ + X]big1 ?addr0 // => c _; rewrite v0 mul0r. Qed.

Theorem T14_nested M V (P Q : pred C) own theirs : {subset P <= Q} ->
  receives M (fun d c => if P c then V d c else 0) Q own theirs =2 receives M V P own theirs.
Proof.
move=> sub d t; congr (_ + _); rewrite /apply [LHS](bigID P) /= addrC big1 ?add0r => [|c /andP[_ /negbTE ->]].
  apply: eq_big => [c|c /andP[_ ->] //]; rewrite andb_idl //; exact: sub.
by rewrite mul0r.
Qed.
End Sites.

(* Attention over the positions of a frame, with any positive or other weight of a query and a key. *)
Section Attention.
Variables (R : fieldType) (C D : finType) (n : nat).
Variables (weight : (D -> R) -> (D -> R) -> R) (Q K V : D -> C -> R).
Definition attend (q k v : feat R D n) : feat R D n := fun d t =>
  (\sum_s weight (q^~ t) (k^~ s) * v d s) / (\sum_s weight (q^~ t) (k^~ s)).
Definition attention (Q' K' V' : D -> C -> R) (P : pred C) (own theirs : feat R C n) : feat R D n :=
  attend (receives Q Q' P own theirs) (receives K K' P own theirs) (receives V V' P own theirs).

Corollary T14_attention Q' K' V' P z :
  alike (attention Q' K' V' P) (turned z) = turned (alike (attention Q' K' V' P) z).
Proof. exact: (T14_equivariant (After (Input _) (attention Q' K' V' P)) z). Qed.

Hypothesis weight_ext : forall a b a' b', a =1 a' -> b =1 b' -> weight a b = weight a' b'.
Theorem T14_attention_embeds P own theirs (zero := fun (_ : D) (_ : C) => 0 : R) :
  attention zero zero zero P own theirs =2 attend (apply Q predT own) (apply K predT own) (apply V predT own).
Proof.
have e M d t : receives M zero P own theirs d t = apply M predT own d t by apply: T14_embeds_ordinary.
have w t s : weight ((receives Q zero P own theirs)^~ t) ((receives K zero P own theirs)^~ s)
  = weight ((apply Q predT own)^~ t) ((apply K predT own)^~ s) by apply: weight_ext => d; apply: e.
by move=> d t; rewrite /attention /attend; congr (_ / _); apply: eq_bigr => s _; rewrite w ?e.
Qed.
End Attention.

(* Recurrence over positions: a GRU, an LSTM (the state is a tuple), a selective state space, in either direction. *)
Section Recurrence.
Variables (R : comRingType) (C D : finType) (n : nat) (S : Type).
Variables (start : S) (cell : S -> (D -> R) -> S) (read : S -> D -> R) (W : D -> C -> R).
Definition scan (x : feat R D n) : feat R D n := fun d t =>
  read (foldl cell start [seq x^~ s | s <- enum 'I_n & (nat_of_ord s <= t)%N]) d.
Definition recurrence (W' : D -> C -> R) (P : pred C) (own theirs : feat R C n) : feat R D n :=
  scan (receives W W' P own theirs).

Corollary T14_recurrence W' P z :
  alike (recurrence W' P) (turned z) = turned (alike (recurrence W' P) z).
Proof. exact: (T14_equivariant (After (Input _) (recurrence W' P)) z). Qed.

Hypothesis cell_ext : forall s a b, a =1 b -> cell s a = cell s b.
Theorem T14_recurrence_embeds P own theirs :
  recurrence (fun _ _ => 0) P own theirs =2 scan (apply W predT own).
Proof.
move=> d t; rewrite /recurrence /scan; congr (read _ d); move: start; elim: [seq s <- _ | _] => //= s ss IH h.
by rewrite IH; congr (foldl _ _ _); apply: cell_ext => e; apply: T14_embeds_ordinary.
Qed.
End Recurrence.
