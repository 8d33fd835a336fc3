# A plant for the twin. Nothing is downloaded: the resource is part of Terraform.
terraform {
  backend "local" {
    path = "../plant.tfstate"
  }
}

variable "samples" {
  type    = number
  default = 5
}

resource "terraform_data" "plant" {
  input = var.samples

  provisioner "local-exec" {
    command = "mkdir -p ../plant && printf '[plant]\\nname = mixer\\nmade_by = Terraform\\nsamples = %s\\n' '${self.input}' > ../plant/plant.ini"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -rf ../plant"
  }
}
