(* T1: a signed involution of channels, and how it acts on feature maps. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* A Rep: p an involution, sgn true where the sign is -1. Pairs of sign -1 are allowed here (T1 is about them). *)
Record rep := Rep {
  chan : finType;
  p : chan -> chan;
  sgn : chan -> bool;
  pK : involutive p;
  sgnp : forall c, sgn (p c) = sgn c }.

Section Act.
Variables (R : comRingType) (V : rep) (L : nat).
Definition sg (c : chan V) : R := (-1) ^+ sgn c.
Definition fmap := chan V -> 'I_L -> R.
Definition act (x : fmap) : fmap := fun c t => sg c * x (p c) (rev_ord t).

Lemma sgp c : sg (p c) = sg c. Proof. by rewrite /sg sgnp. Qed.
Lemma sgsg c : sg c * sg c = 1. Proof. by rewrite /sg -expr2 sqrr_sign. Qed.

Theorem T1_involution (x : fmap) c t : act (act x) c t = x c t.
Proof. by rewrite /act pK rev_ordK sgp mulrA sgsg mul1r. Qed.
End Act.

(* The converse: for any p, s (no laws assumed), R R = 1 on every x forces the laws. One channel and one
   position at a time: take L = 1. *)
Section Converse.
Variables (R : idomainType) (C : finType) (q : C -> C) (s : C -> R).
Hypothesis square : forall (x : C -> R) c, s c * (s (q c) * x (q (q c))) = x c.
Theorem T1_converse : involutive q /\ forall c, s c * s (q c) = 1.
Proof.
have qK : involutive q.
  move=> c; apply/eqP; case: (boolP (q (q c) == c)) => // /negbTE ne.
  by have := square (fun d => (d == c)%:R) c; rewrite ne eqxx !mulr0 => /esym/eqP; rewrite oner_eq0.
by split=> // c; have := square (fun _ => 1) c; rewrite mulr1.
Qed.
End Converse.

(* The decomposition: after a change of signs e, and a bijection of the channels with r pairs, t fixed and s
   negated channels, the Rep is r regular + t trivial + s sign: for any number of channels. *)
Section Decomposition.
Variable V : rep.
Local Notation C := (chan V).
Definition lower (c : C) := (enum_rank c < enum_rank (p c))%N.
Definition upper (c : C) := (enum_rank (p c) < enum_rank c)%N.
Definition gauge (c : C) : bool := lower c && sgn c.
Definition pairs := {c : C | lower c}.
Definition trivials := {c : C | (p c == c) && ~~ sgn c}.
Definition signs := {c : C | (p c == c) && sgn c}.
Definition canonical := (pairs * bool + (trivials + signs))%type.

Lemma lower_p c : lower (p c) = upper c. Proof. by rewrite /lower /upper pK. Qed.
Lemma trichotomy c : [|| lower c, upper c | p c == c].
Proof.
rewrite /lower /upper; case: ltngtP => //= /val_inj /enum_rank_inj e; by rewrite -e.
Qed.

Definition place (d : canonical) : C :=
  match d with
  | inl (a, false) => val a
  | inl (a, true) => p (val a)
  | inr (inl a) => val a
  | inr (inr a) => val a
  end.

Definition swap (d : canonical) : canonical :=
  match d with inl (a, b) => inl (a, ~~ b) | inr d => inr d end.
Definition canonical_sign (d : canonical) : bool :=
  match d with inr (inr _) => true | _ => false end.

Lemma place_bij : bijective place.
Proof.
apply: inj_card_bij; last first.
  have sur c : c \in codom place.
    have /or3P[lo|up|/eqP fx] := trichotomy c.
    - by apply/codomP; exists (inl (exist _ c lo, false)).
    - have lo : lower (p c) by rewrite lower_p.
      by apply/codomP; exists (inl (exist _ (p c) lo, true)); rewrite /= pK.
    - case e: (sgn c).
      + have q : (p c == c) && sgn c by rewrite fx eqxx e.
        by apply/codomP; exists (inr (inr (exist _ c q))).
      + have q : (p c == c) && ~~ sgn c by rewrite fx eqxx e.
        by apply/codomP; exists (inr (inl (exist _ c q))).
  by rewrite -(size_codom place) cardE; apply: uniq_leq_size (enum_uniq _) _ => c _; apply: sur.
have low_up c : lower c -> lower (p c) -> False.
  by rewrite lower_p /lower /upper => a b; have := ltn_trans a b; rewrite ltnn.
have low_fix c : lower c -> p c = c -> False by rewrite /lower => a e; rewrite e ltnn in a.
have fix_p c : p (p c) = p c -> p c = c by rewrite pK => e; rewrite -e.
move=> [[[a la] [|]]|[[a fa]|[a fa]]] [[[b lb] [|]]|[[b fb]|[b fb]]] /= e;
  try (have /andP[/eqP pa sa] := fa); try (have /andP[/eqP pb sb] := fb).
- by move/(can_inj (@pK V)): e => e; congr (inl (_, _)); apply: val_inj.
- by case: (low_up a la); rewrite e.
- by case: (low_fix a la); rewrite -[RHS](pK a) e pb.
- by case: (low_fix a la); rewrite -[RHS](pK a) e pb.
- by case: (low_up b lb); rewrite -e.
- by congr (inl (_, _)); apply: val_inj.
- by case: (low_fix a la); rewrite e.
- by case: (low_fix a la); rewrite e.
- by case: (low_fix b lb); rewrite -[RHS](pK b) -e pa.
- by case: (low_fix b lb); rewrite -e.
- by congr (inr (inl _)); apply: val_inj.
- by exfalso; move: sa sb; rewrite e => /negP.
- by case: (low_fix b lb); rewrite -[RHS](pK b) -e pa.
- by case: (low_fix b lb); rewrite -e.
- by exfalso; move: sb sa; rewrite e => /negP.
- by congr (inr (inr _)); apply: val_inj.
Qed.

Theorem T1_decomposition :
  exists f : canonical -> C, [/\ bijective f,
    forall d, f (swap d) = p (f d) &
    forall d, gauge (f d) (+) sgn (f d) (+) gauge (p (f d)) = canonical_sign d].
Proof.
exists place; split; first exact: place_bij.
  by move=> [[[a la] [|]]|[[a fa]|[a fa]]] //=; rewrite ?pK //; move: (fa) => /andP[/eqP -> _].
have nolow c : lower c -> lower (p c) = false.
  by rewrite lower_p /lower /upper => a; apply/negbTE; rewrite -leqNgt ltnW.
have nofix c : p c = c -> lower c = false by rewrite /lower => ->; rewrite ltnn.
move=> [[[a la] [|]]|[[a fa]|[a fa]]] /=; rewrite /gauge ?pK ?sgnp.
- by rewrite (nolow a la) la /=; case: (sgn a).
- by rewrite (nolow a la) la /=; case: (sgn a).
- by move: (fa) => /andP[/eqP e /negbTE ->]; rewrite e (nofix a e).
- by move: (fa) => /andP[/eqP e ->]; rewrite e (nofix a e).
Qed.

Corollary T1_count : #|C| = (2 * #|{: pairs}| + #|{: trivials}| + #|{: signs}|)%N.
Proof.
by rewrite -(bij_eq_card place_bij) card_sum card_sum card_prod card_bool mulnC addnA.
Qed.
End Decomposition.

