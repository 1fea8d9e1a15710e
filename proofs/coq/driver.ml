(* Answers questions from standard input, one a line, by the extracted definitions. Numbers are "n/d". *)
open Definitions

let rec gcd a b = if b = 0 then abs a else gcd b (a mod b)
let rational n d = let g = gcd n d in { qnum = n / g; qden = d / g }
let int () = Scanf.scanf " %d" (fun n -> n)
let number () = Scanf.scanf " %d/%d" rational
let array read n = Array.init n (fun _ -> read ())
let at a i = a.(i)
let minus a i = a.(i) < 0
let matrix columns a = fun i j -> a.((i * columns) + j)
let cube rows columns a = fun i j k -> a.((((i * rows) + j) * columns) + k)
let show q = if q.qden = 1 then Printf.printf "%d " q.qnum else Printf.printf "%d/%d " q.qnum q.qden
let each n f = for i = 0 to n - 1 do f i done
let rep n = let p = array int n in let s = array int n in (at p, minus s)
let zero = q_zero

let act () =
  let c = int () in let len = int () in
  let p, s = rep c in
  let x = matrix len (array number (c * len)) in
  each c (fun i -> each len (fun t -> show (x_act q_opp len p s x i t)))

let tie () =
  let ci = int () in let co = int () in let k = int () in
  let pi, si = rep ci in let po, so = rep co in
  let v = cube ci k (array number (co * ci * k)) in
  each co (fun o -> each ci (fun c -> each k (fun j -> show (x_tie q_add q_opp k po pi so si v o c j))))

let conv () =
  let ci = int () in let co = int () in let k = int () in let stride = int () in let d = int () in
  let pad = int () in let len = int () in let windows = int () in
  let w = cube ci k (array number (co * ci * k)) in
  let x = matrix len (array number (ci * len)) in
  let x = x_padded zero pad len x in
  each co (fun o -> each windows (fun t -> show (x_conv zero q_add q_mul ci k stride d w x o t)))

let exchange () =
  let f = int () in let num = int () in let den = int () in let len = int () in
  let own = matrix len (array number (f * len)) in let other = matrix len (array number (f * len)) in
  let k = x_share num den f in
  Printf.printf "%d " k;
  List.iter (fun (a, b) -> each (f + k) (fun c -> each len (fun t -> show (x_exchange len f a b c t))))
    [ (own, other); (other, own) ]

let merge () =
  let how = int () in let c = int () in let len = int () in
  let p, s = rep c in
  let u = matrix len (array number (c * len)) in let v = matrix len (array number (c * len)) in
  each c (fun i -> each len (fun t ->
    show (match how with
      | 0 -> x_sum q_add q_opp len p s u v i t
      | 1 -> x_mean q_add q_mul q_opp q_half len p s u v i t
      | _ -> x_max q_opp q_le len p s u v i t)))

let embed () =
  let f = int () in let old = int () in let now = int () in let k = int () in
  let w = cube (f + old) k (array number (f * (f + old) * k)) in
  each f (fun o -> each (f + now) (fun c -> each k (fun j -> show (x_embed zero f old w o c j))))

let geometry () =
  let len = int () in let k = int () in let stride = int () in let d = int () in let pad = int () in
  Printf.printf "%d %d" (x_remainder len k stride d pad) (if x_mirrored len k stride d pad then 1 else 0)

let agreement () =
  let a = number () in let u = number () in let v = number () in let y = number () in
  show (x_agreement q_add q_mul q_opp q_half q_quarter a u v y)

let dna () =
  let n = int () in
  let base i = match i with 'A' -> A | 'C' -> C | 'G' -> G | 'T' -> T | _ -> N in
  let letter b = match b with A -> 'A' | C -> 'C' | G -> 'G' | T -> 'T' | N -> 'N' in
  let s = List.init n (fun _ -> Scanf.scanf " %c" base) in
  let r = x_reverse_complement s in
  List.iter (fun b -> print_char (letter b)) r;
  print_char ' ';
  each 4 (fun c -> each n (fun t -> Printf.printf "%d " (if x_one_hot r c t then 1 else 0)))

let () =
  for _ = 1 to int () do
    Scanf.scanf " %s" (function
      | "act" -> act () | "tie" -> tie () | "conv" -> conv () | "exchange" -> exchange () | "merge" -> merge ()
      | "embed" -> embed () | "geometry" -> geometry () | "agreement" -> agreement () | "dna" -> dna ()
      | other -> failwith ("no question is called " ^ other));
    print_newline ()
  done
