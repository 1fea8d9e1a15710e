(* Writes definitions.ml, which driver.ml runs. *)
From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZInt.
From RC Require Import executable.
Extraction "definitions.ml" x_act x_tie x_conv x_padded x_exchange x_sum x_mean x_max x_embed x_agreement x_share
  x_remainder x_mirrored x_reverse_complement x_one_hot q_add q_mul q_opp q_half q_quarter q_le q_zero.
